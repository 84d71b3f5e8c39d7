/* SPDX-License-Identifier: MIT */
/*
 * What each thread of share-stress does on the table, and logs for the checker.
 */
#ifndef LABYRINTH_TESTS_SHARE_WORKER_H
#define LABYRINTH_TESTS_SHARE_WORKER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "share-history.h"
#include "share/share.h"

/* Of the window each STEPth extent has a lease: the index has two levels. */
#define LEASES	12u
#define STEP	67u
#define EXTENTS (LEASES * STEP)
#define MOST	8u     /* threads */
#define EPOCH	40000u /* operations of each thread */
#define EVENTS	(EPOCH * 9u)
#define BLOCKS	(LEASES * LAB_EXTENT_PAGES)

struct block {
	uint32_t page;
	uint32_t order;
	uint32_t event; /* its number in this epoch's log, or HISTORY_NONE */
};

struct worker {
	pthread_t thread;
	unsigned number;
	struct lab_share_cpu *cpu; /* NULL: as the VMM does a hypercall */
	uint64_t random;
	struct event *log;
	struct block *blocks;
	uint32_t events;
	uint32_t count;
	uint32_t released; /* of the grants that all release at once */
	volatile sig_atomic_t interruptible;
	bool host;
	uint32_t shut; /* an extent that is closed now, or HISTORY_NONE */
	struct block shut_block;
};

extern struct share *table;
extern struct worker workers[MOST];
extern struct worker interrupts[MOST]; /* the same processors, within */
extern unsigned threads;
extern uint32_t now; /* the clock */
extern __thread struct worker *own_interrupt;

/* Say what is wrong, and abort. */
void fail(const char *what);
void require(bool holds, const char *what);

/* So many grants and releases, of a processor. */
void processor(struct worker *self, uint32_t operations);

/* What the VMM does meanwhile; one thread. */
void vmm(struct worker *self, uint32_t operations);

/* A signal's handler: the thread's processor is interrupted. */
void interrupt(int signal);

#endif
