/* SPDX-License-Identifier: MIT */
/*
 * Which leases a process has, by the kernel's word: its mappings are looked
 * through, and each is opened and compared with what is known of the lease's
 * file. The process is not asked.
 */
#ifndef LABYRINTH_BROKER_PROOF_H
#define LABYRINTH_BROKER_PROOF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* A file, as the kernel tells it from all others that there are now. */
struct proof_file {
	uint64_t device;
	uint64_t inode;
};

struct proof_ops {
	/*
	 * The mapping is said to be of this extent: the file that it should
	 * be, or NULL where there is nothing to prove.
	 */
	const struct proof_file *(*wanted)(void *context, uint32_t extent);
	/*
	 * The extent of a file that nobody can give a name (guest_memfd), if it
	 * is wanted; NULL: none of these is. Which have been proven are not.
	 */
	bool (*find)(void *context, const struct proof_file *file,
		     uint32_t *extent);
	/* It is that file, a whole and sealed one; fd is the callee's. */
	void (*proven)(void *context, uint32_t extent, int fd);
	void *context;
};

/*
 * Look through all that a process has mapped or open of pool's files, at `most`
 * mappings and descriptors in all: a process can have millions, and we wait.
 * What is the wanted file and yet no lease, by size or seals, is cut off. 0, or
 * a negated errno and a sentence: -E2BIG when there were more, others when the
 * kernel does not let us look: into the process, or at a guest_memfd that it
 * maps and has no descriptor of.
 */
int proof_search(pid_t pid, const char *pool, uint32_t most,
		 const struct proof_ops *ops, struct err *err);

#endif
