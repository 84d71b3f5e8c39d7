/* SPDX-License-Identifier: MIT */
/*
 * The sockets that a service manager made for the broker and passed on, by
 * sd_listen_fds(3): so they outlive the broker, and who comes while there is
 * none waits for the next.
 */
#ifndef LABYRINTH_ACTIVATION_H
#define LABYRINTH_ACTIVATION_H

#include "base/err.h"

/* Listening sockets, each the caller's; -1 for one that was not passed. */
struct activation {
	int lease;	/* SOCK_SEQPACKET; FileDescriptorName=lease */
	int libvirt;	/* SOCK_STREAM; FileDescriptorName=libvirt */
	int libvirt_ro; /* likewise, libvirt-ro: who comes may look only */
};

/*
 * Take what was passed: close-on-exec and non-blocking from here on. 0, also
 * when nothing was; or a negated errno and a sentence for a name that is not
 * one of these, twice the same, or a socket of another kind.
 */
int activation_take(struct activation *out, struct err *err);

#endif
