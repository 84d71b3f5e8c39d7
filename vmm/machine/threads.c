/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/threads.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/*
 * A vCPU's thread needs little stack; what the C library wants of it for
 * itself is in here, too.
 */
#define STACK_BYTES (128 * 1024)

/* How the run of all vCPUs came to its end: the first that ended says. */
struct run {
	struct cpus *cpus;
	const struct vcpu_ops *ops;
	void (*ended)(void *context);
	pthread_mutex_t lock; /* for what follows */
	bool over;
	int result;
	struct vcpu *first;
	struct err err;
};

struct seat {
	struct run *run;
	struct vcpu *cpu;
};

int threads_open(struct cpus *self, unsigned int count, struct vm *vm,
		 struct memory *memory, const struct vcpu_identity *identity,
		 uint64_t entry, struct err *err)
{
	gate_init(&self->gate);
	atomic_init(&self->ended, false);
	for (unsigned int n = 0; n < count; n++) {
		struct vcpu *cpu = &self->cpu[n];
		cpu->cpus = self;
		cpu->id = n;
		int r = vcpu_open(cpu, vm, memory, identity, entry, err);
		self->count = n + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

static void run_one(struct run *run, struct vcpu *cpu)
{
	struct err err = {0};

	int r = vcpu_run(cpu, run->ops, &err);
	pthread_mutex_lock(&run->lock);
	bool first = !run->over;
	if (first) {
		run->over = true;
		run->result = r;
		run->first = cpu;
		run->err = err;
	}
	pthread_mutex_unlock(&run->lock);
	if (first) {
		cpus_end(run->cpus);
		run->ended(run->ops->context);
	}
}

/* The first vCPU's thread is the process's own, which has the program's. */
static void *thread_main(void *context)
{
	struct seat *seat = context;
	char name[16];

	snprintf(name, sizeof(name), "vcpu %u", seat->cpu->id);
	pthread_setname_np(pthread_self(), name);
	run_one(seat->run, seat->cpu);
	return NULL;
}

static void on_kick(int signal)
{
	(void)signal; /* to be interrupted is all */
}

/* Threads for all vCPUs but the first; how many could be made. */
static unsigned int start_threads(struct cpus *self, struct seat *seats,
				  struct err *err)
{
	pthread_attr_t attributes;
	unsigned int n;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (n = 1; n < self->count; n++) {
		int code = pthread_create(&self->cpu[n].thread, &attributes,
					  thread_main, &seats[n]);
		if (code != 0) {
			err_set(err, code, "cannot start a thread for vCPU %u",
				n);
			break;
		}
	}
	pthread_attr_destroy(&attributes);
	return n;
}

int threads_run(struct cpus *self, const struct vcpu_ops *ops,
		void (*ended)(void *context), struct vcpu **stopped,
		struct err *err)
{
	struct run run = {.cpus = self,
			  .ops = ops,
			  .ended = ended,
			  .lock = PTHREAD_MUTEX_INITIALIZER};
	struct seat seats[LAB_CPUS_MAX];
	struct sigaction kick = {.sa_handler = on_kick};

	sigaction(SIGUSR1, &kick, NULL);
	for (unsigned int n = 0; n < self->count; n++)
		seats[n] = (struct seat){.run = &run, .cpu = &self->cpu[n]};
	self->cpu[0].thread = pthread_self();
	/* None runs, and so none can end, before all have their threads. */
	atomic_store(&self->gate.closed, true);
	unsigned int started = start_threads(self, seats, err);
	bool complete = started == self->count;
	if (!complete) {
		self->count = started;
		run.over = true;
		cpus_end(self);
	}
	gate_open(&self->gate);
	if (complete)
		run_one(&run, &self->cpu[0]);
	for (unsigned int n = 1; n < started; n++)
		pthread_join(self->cpu[n].thread, NULL);
	if (!complete)
		return -err->code;
	*stopped = run.first;
	*err = run.err;
	return run.result;
}

void threads_close(struct cpus *self)
{
	for (unsigned int n = 0; n < self->count; n++)
		vcpu_close(&self->cpu[n]);
}
