/* SPDX-License-Identifier: MIT */
/*
 * Which vCPUs are in the guest, and how to have none there for a while. Each
 * vCPU thread goes in and out around KVM_RUN; that costs it two stores and a
 * load. Owns no vCPU.
 */
#ifndef LABYRINTH_MACHINE_GATE_H
#define LABYRINTH_MACHINE_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <labyrinth/bootinfo.h>

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a vCPU left, or the gate opened */
	atomic_bool closed;
	atomic_bool inside[LAB_CPUS_MAX]; /* vCPU n may be in the guest */
};

void gate_init(struct gate *self);

/* vCPU n is about to run the guest; waits while the gate is closed. */
void gate_enter(struct gate *self, unsigned int n);

/* vCPU n is out of the guest. */
void gate_leave(struct gate *self, unsigned int n);

/*
 * Wait until no vCPU is inside, and let none in. The caller is outside. `kick`
 * makes vCPU n come out soon; it may be called more than once.
 */
void gate_close(struct gate *self, unsigned int count,
		void (*kick)(void *context, unsigned int n), void *context);

void gate_open(struct gate *self);

#endif
