/* SPDX-License-Identifier: MIT */
/*
 * Leases that are memory of one VM by the kernel's word: files that only its
 * VMM can make (KVM_CREATE_GUEST_MEMFD), and that it offers to the broker. They
 * cannot be truncated or sealed; docs/guest-memfd.md has what follows from it.
 */
#ifndef LABYRINTH_BROKER_GUEST_MEMFD_H
#define LABYRINTH_BROKER_GUEST_MEMFD_H

#include <stdint.h>

#include "base/err.h"

/* How the kernel names such a file in /proc. */
#define GUEST_MEMFD_NAME "/[kvm-gmem]"

/*
 * Learn how this host's kernel makes such files, before anything below: until
 * then nothing is one. 0, or -ENOTSUP and a sentence when it makes none that
 * can be mapped.
 */
int guest_memfd_prepare(struct err *err);

/*
 * By what the kernel knows a guest_memfd of 2 MiB (as stat(2) has it), by its
 * name in a folder, or by its descriptor and "": 0, or -EINVAL when it is none.
 * Whatever it is, nobody is waited for.
 */
int guest_memfd_identity(int folder, const char *name, uint64_t *dev,
			 uint64_t *inode);

/*
 * May this become a lease? 0; -EINVAL when it is no guest_memfd of 2 MiB;
 * -EEXIST when it has pages: a lease already, or used otherwise. Likewise.
 */
int guest_memfd_check(int fd);

/* How many pages (4 KiB) it has; or a negated errno. */
int guest_memfd_pages(int fd);

/* Make it resident. What is resident is zeroed by the kernel before its first
 * touch. 0 or a negated errno. */
int guest_memfd_fund(int fd);

/*
 * Take its pages from it, whoever maps them. Not for ever: a touch by who still
 * has the file gets a fresh page, zeroed, and of that process's own account.
 * 0 or a negated errno.
 */
int guest_memfd_cut(int fd);

#endif
