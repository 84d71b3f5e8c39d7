/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "hcall/handlers.h"
#include "machine/cpus.h"
#include "machine/gpa.h"

/* All of it; false if nobody can take it, or the guest ends meanwhile. */
static bool write_all(int fd, const char *text, uint64_t bytes,
		      const struct cpus *cpus)
{
	uint64_t done = 0;

	while (done < bytes) {
		ssize_t n = write(fd, text + done, bytes - done);
		if (n < 0 && errno == EINTR && !atomic_load(&cpus->ended))
			continue;
		if (n < 0)
			return false;
		done += (uint64_t)n;
	}
	return true;
}

/*
 * Write bytes of the guest's memory to a descriptor. 0, -EFAULT when they are
 * not all in its memory, -EIO when they cannot be written.
 */
static int64_t write_guest(struct hcall_guest *guest,
			   const struct vcpu_call *call, int fd)
{
	uint64_t bytes = call->args[1];
	char copy[LAB_CONSOLE_MAX];

	if (bytes == 0)
		return 0;
	const char *from =
		gpa_to_host(guest->memory, guest->window, call->args[0], bytes);
	if (from == NULL)
		return -EFAULT;
	memcpy(copy, from, bytes);
	/* Whoever takes it may be slow. */
	spin_unlock(&guest->lock);
	bool written = write_all(fd, copy, bytes, call->vcpu->cpus);
	spin_lock(&guest->lock);
	return written ? 0 : -EIO;
}

int64_t hcall_console(struct hcall_guest *guest, const struct vcpu_call *call)
{
	if (call->args[1] > LAB_CONSOLE_MAX)
		return -E2BIG;
	/* A console that nobody can write to swallows the rest. */
	int64_t r = write_guest(guest, call, guest->console);
	return r == -EFAULT ? r : (int64_t)call->args[1];
}

_Static_assert(LAB_OUTPUT_MAX <= LAB_CONSOLE_MAX, "one buffer serves both");

int64_t hcall_output(struct hcall_guest *guest, const struct vcpu_call *call)
{
	if (call->args[1] > LAB_OUTPUT_MAX)
		return -E2BIG;
	if (guest->output < 0)
		return -EBADF;
	int64_t r = write_guest(guest, call, guest->output);
	return r < 0 ? r : (int64_t)call->args[1];
}

int64_t hcall_exit(struct hcall_guest *guest, const struct vcpu_call *call)
{
	if (call->args[0] > LAB_EXIT_MAX)
		return -E2BIG;
	guest->ended = true;
	guest->status = (int)call->args[0];
	return 0;
}
