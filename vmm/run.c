/* SPDX-License-Identifier: MIT */
/*
 * `labyrinth run`: one guest, from its lease to its end. Wires the lease
 * client, the machine and the hypercalls together; nothing else does.
 */
#include <config.h>

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/log.h"
#include "hcall/dispatch.h"
#include "hcall/guest.h"
#include "hcall/handlers.h"
#include "hcall/heard.h"
#include "hcall/supply.h"
#include "lease/client.h"
#include "lease/private.h"
#include "machine/boot.h"
#include "machine/gpa.h"
#include "machine/report.h"
#include "machine/threads.h"
#include "run_options.h"

/* Everything that one guest is made of, in the order of its making. */
struct guest {
	pid_t broker; /* the private one's process; 0 without */
	struct client client;
	struct client_request request;
	struct memory memory;
	struct window window;
	struct tally tally;
	struct vm vm;
	struct cpus cpus;
	struct hcall_guest calls;
	struct client_events events;
	struct client_maker maker;
	struct supply supply;
};

static struct guest the_guest = {
	.client = {.socket = -1}, .tally = TALLY_NONE, .vm = VM_NONE};

/* Is it an address of the guest's memory, leased or not? */
static bool is_guest_memory(const void *address)
{
	const struct memory *m = &the_guest.memory;
	uint64_t offset = (uintptr_t)address - (uintptr_t)m->reservation;

	return m->reservation != NULL && offset < m->reserved;
}

/*
 * The broker may take a lease back at any time; what the VMM itself reads of
 * it then is gone: a bus error, or once the VMM knows and has taken its mapping
 * away a bad address. One sentence, and the end, as for a guest that touches
 * it; any other such error is a bug of ours.
 */
static void on_memory_error(int number, siginfo_t *info, void *context)
{
	static const char text[] =
		"labyrinth: the guest was stopped: the broker took back a "
		"lease that the VMM was reading\n";

	(void)context;
	if (!is_guest_memory(info->si_addr)) {
		signal(number, SIG_DFL); /* again, and for good */
		return;
	}
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(EXIT_STOPPED);
}

_Static_assert(EXIT_STOPPED == MEMORY_EXIT_STUCK, "both stop a guest");

static const char *broker_path(const struct run_options *o)
{
	return o->broker != NULL ? o->broker : RUN_DEFAULT_BROKER;
}

/* As many as there can be: such leases keep theirs (memory.h). */
static int allow_descriptors(struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set(err, errno, "ask for the limit of open files");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set(err, errno, "raise the limit of open files");
	return 0;
}

static int make_memory(void *context, int *fd, struct err *err)
{
	struct guest *self = context;

	return vm_make_memory(&self->vm, fd, err);
}

static int connect_broker(struct guest *self, const struct run_options *o,
			  struct err *err)
{
	const char *path = broker_path(o);

	int r = client_connect(&self->client, path, err);
	bool absent = r == -ENOENT || r == -ECONNREFUSED;
	if (r < 0 && absent && o->broker == NULL) {
		int socket;
		r = private_broker_start(o->pool, o->maximum, &socket,
					 &self->broker, err);
		if (r == 0)
			client_from_fd(&self->client, socket);
	}
	if (r < 0)
		return r;
	struct client_welcome welcome;
	self->request = (struct client_request){
		.name = o->name,
		.pool = o->pool,
		.memory = o->memory,
		.guarantee = o->guarantee,
		.limit = o->limit,
		.maximum = o->maximum,
		.cpus = o->cpus,
		.tally = self->tally.fd,
		.events = &self->events,
		.maker = self->vm.has_guest_memfd ? &self->maker : NULL,
	};
	r = client_hello(&self->client, &self->request, &welcome, err);
	if (r == 0 && welcome.backing == LAB_BACKING_GUEST_MEMFD)
		r = allow_descriptors(err);
	return r;
}

/* One lease into one extent, at start, where a failure is the end. */
static int lease_extent(struct guest *self, uint32_t extent, struct err *err)
{
	struct lease_source source = client_source(&self->client);
	struct lease lease;

	int r = source.get(source.context, &lease);
	if (r < 0) {
		*err = self->client.last;
		return err_wrap(err, "lease %u of the guarantee", extent + 1);
	}
	return memory_map(&self->memory, extent, &lease, err);
}

/* Boot RAM, and the rest of the guarantee as window. */
static int lease_guarantee(struct guest *self, const struct run_options *o,
			   struct err *err)
{
	int r = memory_reserve(&self->memory, (uint32_t)o->memory,
			       (uint32_t)(o->maximum - o->memory), err);
	if (r < 0)
		return r;
	if (window_init(&self->window, self->tally.table, self->memory.window,
			&self->calls.marks) < 0)
		return err_set(err, ENOMEM, "cannot keep a guest's grants");
	for (uint32_t i = 0; i < o->guarantee; i++) {
		r = lease_extent(self, i, err);
		if (r < 0)
			return r;
		if (i >= self->memory.ram)
			window_add(&self->window, i - self->memory.ram);
	}
	fail_calls(&self->calls);
	return 0;
}

/* The table that the guest grants itself pages by, and how it calls us. */
static int share_table(struct guest *self, struct err *err)
{
	int r = vm_set_slot(&self->vm, VM_SLOT_SHARE, LAB_SHARE_GPA,
			    self->tally.table, self->tally.bytes, err);

	if (r < 0)
		return r;
	/* A large one is filled as it is used. */
	if (self->tally.bytes <= LAB_EXTENT_SIZE)
		vm_pre_fault(&self->vm, LAB_SHARE_GPA, self->tally.bytes);
	return vm_listen(&self->vm, LAB_KICK_PORT, self->calls.kicks.fd,
			 err);
}

static int set_slots(struct guest *self, struct err *err)
{
	struct memory *m = &self->memory;
	uint64_t ram = (uint64_t)m->ram * LAB_EXTENT_SIZE;
	uint64_t window = (uint64_t)m->window * LAB_EXTENT_SIZE;

	int r = vm_set_slot(&self->vm, VM_SLOT_MEMORY, 0, m->base, ram, err);
	if (r == 0 && window > 0)
		r = vm_set_slot(&self->vm, VM_SLOT_WINDOW, LAB_WINDOW_BASE,
				m->base + ram, window, err);
	return r;
}

static int choose_transport(struct guest *self, unsigned int wanted,
			    struct vcpu_identity *identity, struct err *err)
{
	if (wanted == 0)
		wanted = self->vm.has_vmcall ? LAB_TRANSPORT_VMCALL
					     : LAB_TRANSPORT_PORT;
	identity->transport = wanted;
	identity->features = LAB_FEATURE_MACHINE_CHECK;
	if (self->vm.has_pre_fault)
		identity->features |= LAB_FEATURE_PRE_FAULT;
	if (self->vm.has_stats)
		identity->features |= LAB_FEATURE_STATS;
	return wanted == LAB_TRANSPORT_VMCALL
		       ? vm_intercept_vmcall(&self->vm, err)
		       : 0;
}

static int open_output(struct guest *self, const struct run_options *o,
		       struct err *err)
{
	if (o->output == NULL)
		return 0;
	self->calls.output =
		open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (self->calls.output < 0)
		return err_set(err, errno, "cannot write the output file %s",
			       o->output);
	return 0;
}

/* Where it is counted what the guest does. */
static int open_tally(struct guest *self, const struct run_options *o,
		      struct err *err)
{
	uint32_t window = (uint32_t)(o->maximum - o->memory);
	int r = tally_open(&self->tally, share_bytes(window), err);

	if (r < 0)
		return r;
	self->calls.tally = self->tally.page;
	self->calls.tally_cpus = self->tally.cpus;
	self->calls.tally->pages_min = self->calls.marks.min;
	self->calls.tally->pages_low = self->calls.marks.low;
	self->calls.tally->pages_high = self->calls.marks.high;
	return 0;
}

/* What the guest's calls work on; the rest comes when it is known. */
static void lay_out_calls(struct guest *self, const struct run_options *o)
{
	self->calls = (struct hcall_guest){
		.memory = &self->memory,
		.window = &self->window,
		.vm = &self->vm,
		.name = o->name,
		.guarantee = o->guarantee,
		.limit = o->limit,
		.kernel_timeout = o->kernel_timeout,
		.cpus = o->cpus,
		.marks = reserve_for((o->limit - o->memory) * LAB_EXTENT_PAGES),
		.wake = -1,
		.lock = SPIN_FREE,
		.console = STDOUT_FILENO,
		.output = -1,
		.fail = o->fail,
	};
	self->events = heard_events(&self->calls);
	self->maker =
		(struct client_maker){.make = make_memory, .context = self};
}

/* Fill the second-stage tables for all that is leased before the start. */
static void pre_fault(struct guest *self)
{
	for (uint32_t i = 0; i < self->memory.held; i++) {
		uint64_t at = (uint64_t)i * LAB_EXTENT_SIZE;
		if (i >= self->memory.ram)
			at = gpa_of_page((i - self->memory.ram) *
					 LAB_EXTENT_PAGES);
		vm_pre_fault(&self->vm, at, LAB_EXTENT_SIZE);
	}
}

static int prepare(struct guest *self, const struct run_options *o,
		   struct err *err)
{
	struct vcpu_identity identity;
	uint64_t entry = 0;

	lay_out_calls(self, o);
	int r = open_output(self, o, err);
	if (r == 0)
		r = open_tally(self, o, err);
	if (r == 0)
		r = vm_open(&self->vm, err);
	if (r == 0)
		r = connect_broker(self, o, err);
	if (r == 0)
		r = lease_guarantee(self, o, err);
	if (r == 0)
		r = boot_prepare(&self->memory, o->cpus,
				 o->share ? self->tally.bytes : 0, o->argc,
				 o->argv, &entry, err);
	if (r == 0)
		r = set_slots(self, err);
	if (r == 0)
		r = choose_transport(self, o->transport, &identity, err);
	if (r == 0)
		r = threads_open(&self->cpus, o->cpus, &self->vm, &self->memory,
				 &identity, entry, err);
	if (r == 0)
		r = vcpu_open_pre_faulter(&self->vm, &identity, err);
	if (r < 0)
		return r;
	self->calls.features = identity.features;
	pre_fault(self);
	const struct rejoin rejoin = {
		.client = &self->client,
		.request = &self->request,
		/* A private broker ends with its guest, and has no other. */
		.path = self->broker == 0 ? broker_path(o) : NULL,
	};
	r = supply_start(&self->supply, &self->calls, &rejoin, err);
	return r == 0 && o->share ? share_table(self, err) : r;
}

/* Whoever started us waits for this, or does not any more. */
static void say_ready(int fd)
{
	if (fd < 0)
		return;
	ssize_t ignored = write(fd, "1", 1);
	(void)ignored;
	close(fd);
}

static int run(struct guest *self, const struct run_options *o)
{
	const struct vcpu_ops ops = {
		.hypercall = hcall_dispatch,
		.mistake = hcall_mistake,
		.context = &self->calls,
	};
	struct err err;

	if (prepare(self, o, &err) < 0) {
		log_error("cannot start guest `%s`: %s", o->name, err.text);
		return EXIT_NOT_STARTED;
	}
	say_ready(o->ready_fd);
	struct vcpu *stopped;
	if (threads_run(&self->cpus, &ops, hcall_ended, &stopped, &err) < 0) {
		log_error("guest `%s` was stopped: %s", o->name, err.text);
		vcpu_report(stopped, stderr);
		return EXIT_STOPPED;
	}
	return self->calls.status;
}

int run_main(int argc, char **argv)
{
	struct sigaction memory = {.sa_sigaction = on_memory_error,
				   .sa_flags = SA_SIGINFO};
	struct guest *guest = &the_guest;
	struct run_options options;
	struct err err;

	if (run_options_parse(&options, argc, argv, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_NOT_STARTED;
	}
	sigaction(SIGBUS, &memory, NULL);
	sigaction(SIGSEGV, &memory, NULL);
	int status = run(guest, &options);
	supply_stop(&guest->supply);
	/* The guest first, then its memory, then the door to the broker. */
	threads_close(&guest->cpus);
	vm_close(&guest->vm);
	window_fini(&guest->window);
	memory_free(&guest->memory);
	tally_close(&guest->tally);
	/* A private broker ends then. Any other sees our own end: of leases
	 * that it could not cut off from who lives on, it is the only proof. */
	if (guest->broker > 0) {
		client_close(&guest->client);
		waitpid(guest->broker, NULL, 0);
	}
	return status;
}
