/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/cpus.h"

#include <signal.h>

#include "base/kvm_compat.h"

/*
 * immediate_exit catches a vCPU on its way into KVM_RUN, the signal one that
 * is inside.
 */
void cpus_kick(struct cpus *self, unsigned int n)
{
	struct vcpu *cpu = &self->cpu[n];

	__atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(cpu->thread, SIGUSR1);
}

void cpus_end(struct cpus *self)
{
	atomic_store(&self->ended, true);
	for (unsigned int n = 0; n < self->count; n++)
		cpus_kick(self, n);
}

static void kick(void *context, unsigned int n)
{
	cpus_kick(context, n);
}

void cpus_pause(struct cpus *self)
{
	gate_close(&self->gate, self->count, kick, self);
}

void cpus_resume(struct cpus *self)
{
	gate_open(&self->gate);
}
