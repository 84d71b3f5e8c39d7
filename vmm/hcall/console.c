/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "hcall/handlers.h"
#include "machine/gpa.h"

int64_t hcall_console(struct hcall_guest *guest, const uint64_t args[4])
{
	uint64_t bytes = args[1];
	uint64_t done = 0;

	if (bytes > LAB_CONSOLE_MAX)
		return -E2BIG;
	if (bytes == 0)
		return 0;
	const char *text =
		gpa_to_host(guest->memory, guest->frames, args[0], bytes);
	if (text == NULL)
		return -EFAULT;
	while (done < bytes) {
		ssize_t n = write(guest->console, text + done, bytes - done);
		if (n < 0 && errno == EINTR)
			continue;
		/* A console that nobody can write to swallows the rest. */
		if (n < 0)
			break;
		done += (uint64_t)n;
	}
	return (int64_t)bytes;
}

int64_t hcall_exit(struct hcall_guest *guest, const uint64_t args[4])
{
	if (args[0] > LAB_EXIT_MAX)
		return -E2BIG;
	guest->ended = true;
	guest->status = (int)args[0];
	return 0;
}
