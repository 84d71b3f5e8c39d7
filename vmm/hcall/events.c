/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stddef.h>

#include "hcall/balance.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

/* Vectors below are the processor's exceptions. */
#define VECTOR_FIRST 32
#define VECTOR_LAST  255

int64_t hcall_events(struct hcall_guest *guest, const struct vcpu_call *call)
{
	uint64_t gpa = call->args[0];
	uint64_t size = call->args[1];
	uint64_t vector = call->args[2];
	uint64_t cpu = call->args[3];

	/* Is it to be quiet? */
	if (gpa == 0) {
		event_listen(&guest->events, NULL, 0, 0, 0);
		return 0;
	}
	/* Is there room for what every guest is told? */
	if (size < LAB_STATUS_MIN || size > LAB_PAGE_SIZE)
		return -E2BIG;
	/* Does it lie where it stays, whatever is released? */
	void *status = gpa_ram_to_host(guest->memory, gpa, size);
	if (status == NULL)
		return -EFAULT;
	if (gpa % LAB_STATUS_ALIGN != 0)
		return -EDOM;
	/* Are there such an interrupt and such a processor? */
	if (vector != 0 && (vector < VECTOR_FIRST || vector > VECTOR_LAST))
		return -EINVAL;
	if (cpu >= guest->cpus)
		return -EINVAL;
	event_listen(&guest->events, status, size, (unsigned int)vector,
		     (unsigned int)cpu);
	if (guest->events.untold)
		balance_wake(guest);
	return 0;
}
