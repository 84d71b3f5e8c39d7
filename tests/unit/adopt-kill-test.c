/* SPDX-License-Identifier: MIT */
/* The broker killed at drawn instructions while a VMM takes and gives back. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "adopt-support.h"

#define ROUNDS 30

/* Few lives are so long; each is so many instructions, or fewer. */
#define LIFE 5000

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

/* A broker in a process of its own, which checks itself. */
static pid_t fork_broker(struct fixture *f, int ready)
{
	struct err err = {.text = ""};

	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&f->event) < 0 || try_start(f, &err) < 0)
		abort();
	if (write(ready, "x", 1) != 1)
		abort();
	while (sd_event_run(f->event, UINT64_MAX) >= 0)
		if (ledger_validate(f->ledger, &err) < 0)
			abort();
	abort();
}

static bool step(pid_t pid, int *status)
{
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, status, 0), pid);
	return WIFSTOPPED(*status);
}

/*
 * Is it about to send a lease away, or to have one cut off? A thread of its own
 * does that, which is told and awaited by futexes.
 */
static bool at_an_edge(pid_t pid)
{
	struct user_regs_struct regs;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
	if (regs.rax != SYS_sendmsg && regs.rax != SYS_futex)
		return false;
	long text = ptrace(PTRACE_PEEKTEXT, pid, (void *)regs.rip, NULL);
	return (text & 0xffff) == 0x050f; /* syscall */
}

static void halt(pid_t pid)
{
	int status = 0;

	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
}

/*
 * Kill one that is halted after so many instructions of its own; and then,
 * where all hangs on the order of two things, at the edge-th of these or a few
 * instructions after it (0: wherever it is).
 */
static void kill_after(pid_t pid, uint32_t instructions, uint32_t edge)
{
	int status = 0;

	for (uint32_t i = 0; i < instructions; i++)
		assert_true(step(pid, &status));
	for (; edge > 0; edge--) {
		while (!at_an_edge(pid))
			assert_true(step(pid, &status));
		if (edge > 1)
			assert_true(step(pid, &status));
	}
	for (uint32_t i = draw(2) * draw(40); i > 0; i--)
		assert_true(step(pid, &status));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void await_ready(int ready)
{
	char byte;

	assert_int_equal(read(ready, &byte, 1), 1);
}

static void order(struct vmm *vmm, enum order what, int number)
{
	int words[2] = {(int)what, number};

	assert_int_equal(send(vmm->orders, words, sizeof(words), 0),
			 sizeof(words));
}

static int answer(struct vmm *vmm)
{
	int number = 0;

	assert_int_equal(recv(vmm->orders, &number, sizeof(number), 0),
			 sizeof(number));
	return number;
}

/* A folder for brokers, none of which is in this process. */
struct place {
	struct fixture f;
	int ready[2];
	pid_t broker;
};

static int setup_place(void **state)
{
	static struct place place;

	place = (struct place){.f = {.await = 1000000}};
	strcpy(place.f.dir, "/tmp/labyrinth-XXXXXX");
	assert_non_null(mkdtemp(place.f.dir));
	snprintf(place.f.socket, sizeof(place.f.socket), "%s/%s", place.f.dir,
		 BROKER_SOCKET_NAME);
	*state = &place;
	return pipe(place.ready);
}

static void next_broker(struct place *place)
{
	place->broker = fork_broker(&place->f, place->ready[1]);
	await_ready(place->ready[0]);
}

/* The last one is ours: it finds all as it should be, and ends. */
static int teardown_place(void **state)
{
	struct place *place = *state;
	void *last = &place->f;

	kill(place->broker, SIGKILL);
	waitpid(place->broker, NULL, 0);
	assert_true(sd_event_new(&place->f.event) >= 0);
	start_broker(&place->f);
	close(place->ready[0]);
	close(place->ready[1]);
	return teardown(&last);
}

/* One that dies while it begins, or adopts; or had been ready by then. */
static void short_lived(struct place *place)
{
	struct pollfd fd = {.fd = place->ready[0], .events = POLLIN};

	place->broker = fork_broker(&place->f, place->ready[1]);
	halt(place->broker);
	kill_after(place->broker, draw(LIFE * 4), 0);
	if (poll(&fd, 1, 0) > 0)
		await_ready(place->ready[0]);
}

/* What a VMM has mapped is leased to it in every later ledger. */
static void what_is_had_is_known(void **state)
{
	struct place *place = *state;
	struct vmm *vmm = start_vmm(&place->f, 0, "one", 2, POOL_LEASES);

	next_broker(place);
	assert_int_equal(tell(vmm, HELLO, 0), 0);
	for (int round = 0; round < ROUNDS; round++) {
		order(vmm, CHURN, round);
		halt(place->broker);
		kill_after(place->broker, draw(LIFE), round % 2);
		if (round % 4 == 0)
			short_lived(place);
		next_broker(place);
		assert_int_equal(answer(vmm), 0);
	}
}

/* Who is being cut off is, or is as before; and nothing else. */
static void what_is_taken_is_cut(void **state)
{
	struct place *place = *state;

	for (int round = 0; round < ROUNDS / 2; round++) {
		struct vmm *vmm = start_vmm(&place->f, 0, "one", 2, 4);
		next_broker(place);
		assert_int_equal(tell(vmm, HELLO, 0), 0);
		for (int i = 0; i < 3; i++)
			assert_int_equal(tell(vmm, GET, 0), 0);
		halt(place->broker);
		assert_int_equal(tell(vmm, BREAK, 0), 0);
		kill_after(place->broker, 0, 1 + draw(4));
		next_broker(place);
		int held = tell(vmm, REJOIN, 0);
		assert_true(held == -ESTALE || held == 3);
		assert_int_equal(tell(vmm, WHOLE, 0), held == 3 ? 3 : 0);
		kill_vmm(vmm);
		kill(place->broker, SIGKILL);
		waitpid(place->broker, NULL, 0);
	}
	next_broker(place);
}

#define TEST_PLACE(name) \
	cmocka_unit_test_setup_teardown(name, setup_place, teardown_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_PLACE(what_is_had_is_known),
		TEST_PLACE(what_is_taken_is_cut),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP only root may look into a process");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
