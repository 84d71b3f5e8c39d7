/* SPDX-License-Identifier: MIT */
/* The lease protocol by hand, for a VMM that does not keep to it. */
#ifndef LABYRINTH_TESTS_HOSTILE_H
#define LABYRINTH_TESTS_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>
#include <labyrinth/lease.h>

#include "base/fd.h"

#define POOL_LEASES 32 /* as the script starts the broker */

struct vmm {
	const char *path; /* of the broker's socket */
	int socket;	  /* -1: none */
	uint64_t seq;
};

/* Something to do, and what became of it. */
struct act {
	const char *name;
	const char *(*act)(struct vmm *vmm);
	bool alone; /* not as a guest; it does not even connect before */
};

/* Acts about files, descriptors and users. */
extern const struct act file_acts[];
extern const size_t file_acts_count;

extern const char vmm_dropped[];

/* The test itself does not work, if this does not hold. */
void must(int holds, const char *what);

/* Connect, after the end of any connection before: lives, or an errno. */
const char *vmm_try(struct vmm *vmm);

/* The same, which must be. */
void vmm_connect(struct vmm *vmm);

/* The same, and be admitted: with these terms, or 1 and 8. */
void vmm_renew_with(struct vmm *vmm, const char *name, uint64_t guarantee,
		    uint64_t limit, uint32_t flags);
void vmm_renew(struct vmm *vmm, const char *name);

struct lab_lease_msg vmm_message(struct vmm *vmm, int type);
struct lab_lease_msg vmm_hello(struct vmm *vmm, const char *name,
			       uint64_t guarantee, uint64_t limit);

/* 0 or a negated errno. */
int vmm_send(struct vmm *vmm, const struct lab_lease_msg *message);

/* Send it, and what became of that: an answer's errno, dropped, or lives. */
const char *vmm_ask(struct vmm *vmm, const struct lab_lease_msg *message);

/* Read what comes until `answers` came or the connection ends. */
const char *vmm_drain(struct vmm *vmm, int answers);

/* Does the broker still serve it? Asks with what any guest may say. */
const char *vmm_outcome(struct vmm *vmm);

/* Wait for the other end to hang up, for a minute. */
const char *vmm_await_hangup(struct vmm *vmm);

/* A lease that must be there; its descriptor to *fd, or closed. */
uint64_t vmm_lease(struct vmm *vmm, int *fd);

void vmm_return(struct vmm *vmm, uint64_t id);

#endif
