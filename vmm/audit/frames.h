/* SPDX-License-Identifier: MIT */
/*
 * The kernel's view: which page frame lies under each page of a mapping, how
 * often it is mapped, and what kind of frame it is. Needs CAP_SYS_ADMIN, and a
 * kernel with CONFIG_PROC_PAGE_MONITOR.
 */
#ifndef LABYRINTH_AUDIT_FRAMES_H
#define LABYRINTH_AUDIT_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/hypercall.h>

#include "base/err.h"

struct frame {
	uint64_t number; /* 0 unless present */
	uint64_t count;	 /* page tables that map it; KVM's are none */
	uint64_t flags;	 /* 1 << KPF_*, of linux/kernel-page-flags.h */
	bool present;
	bool swapped;
};

struct frames {
	int counts; /* /proc/kpagecount */
	int flags;  /* /proc/kpageflags */
	int pages;  /* /proc/PID/pagemap of the process below */
	pid_t pid;
	bool ksm_unknown; /* see probe_ksm() */
};

/* Open what the kernel says. 0, and frames_close() after it. */
int frames_open(struct frames *self, struct err *err);

/*
 * The frames under `count` pages from `address` on in a process, at most
 * LAB_EXTENT_PAGES; a process that is gone has none that is present. 0, or a
 * negated errno and a sentence when the kernel will not say.
 */
int frames_read(struct frames *self, pid_t pid, uint64_t address,
		struct frame *frames, unsigned int count, struct err *err);

void frames_close(struct frames *self);

#endif
