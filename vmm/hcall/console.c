/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hcall/handlers.h"
#include "machine/cpus.h"
#include "machine/gpa.h"

/* All of it, unless nobody can take it or the guest ends meanwhile. */
static void write_console(int console, const char *text, uint64_t bytes,
			  const struct cpus *cpus)
{
	uint64_t done = 0;

	while (done < bytes) {
		ssize_t n = write(console, text + done, bytes - done);
		if (n < 0 && errno == EINTR && !atomic_load(&cpus->ended))
			continue;
		if (n < 0)
			return;
		done += (uint64_t)n;
	}
}

int64_t hcall_console(struct hcall_guest *guest, const struct vcpu_call *call)
{
	uint64_t bytes = call->args[1];
	char copy[LAB_CONSOLE_MAX];

	if (bytes > LAB_CONSOLE_MAX)
		return -E2BIG;
	if (bytes == 0)
		return 0;
	const char *text =
		gpa_to_host(guest->memory, guest->frames, call->args[0], bytes);
	if (text == NULL)
		return -EFAULT;
	memcpy(copy, text, bytes);
	/* Whoever reads the console may be slow. */
	spin_unlock(&guest->lock);
	write_console(guest->console, copy, bytes, call->vcpu->cpus);
	spin_lock(&guest->lock);
	return (int64_t)bytes;
}

int64_t hcall_exit(struct hcall_guest *guest, const struct vcpu_call *call)
{
	if (call->args[0] > LAB_EXIT_MAX)
		return -E2BIG;
	guest->ended = true;
	guest->status = (int)call->args[0];
	return 0;
}
