/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over the hypercalls: any number and arguments, of a guest in any
 * state, from any ring, with its supplier between two calls. Every call is
 * answered by a value or an errno; what is granted is the guest's; what is
 * refused for a mistake changes nothing. The guest may also write what it likes
 * into the table that it shares with the VMM; then nonsense is an answer, but
 * of its own pages. Those of the window that have no lease cannot be touched
 * here, so who touches one is seen.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/balance.h"
#include "hcall/dispatch.h"
#include "hcall/plan.h"
#include "input.h"
#include "machine/cpus.h"
#include "machine/gpa.h"

#define WINDOW	   4 /* extents */
#define ERRNO_MAX  4095
#define STEPS_MAX  64
#define LATEST_MAX 8
#define TURNS_MAX  64 /* of the supplier, in a call */

static struct {
	struct fixture fixture;
	struct plan plan;
	struct cpus cpus;
	struct input *input;
	uint64_t latest[LATEST_MAX]; /* grants */
	unsigned int granted;
	unsigned int turns; /* of the supplier, in this call */
	bool spoilt;	    /* the guest has written into the table */
} world;

int __wrap_sem_wait(sem_t *looks);

static void access_extent(uint32_t extent, int how)
{
	uint8_t *at = world.fixture.memory.base +
		      (RAM + (uint64_t)extent) * LAB_EXTENT_SIZE;

	if (mprotect(at, LAB_EXTENT_SIZE, how) < 0)
		abort();
}

/* The supplier does one thing, if there is one; the broker has a lease for it,
 * or none. */
static bool supply(bool generous, bool late)
{
	struct hcall_guest *guest = &world.fixture.guest;
	uint32_t extent;

	spin_lock(&guest->lock);
	guest->woken = false;
	struct task task =
		plan_next(&world.plan, late ? UINT64_MAX / 2 : want_now());
	if (task.what == GIVE) {
		access_extent(task.extent, PROT_NONE);
		plan_given(&world.plan, &task);
	} else if (task.what == ASK && generous &&
		   window_absent(guest->window, &extent) == 0) {
		access_extent(extent, PROT_READ | PROT_WRITE);
		plan_arrived(&world.plan, extent);
	} else if (task.what == ASK) {
		plan_refused(&world.plan, -ENOMEM);
	}
	spin_unlock(&guest->lock);
	return task.what != NOTHING;
}

/*
 * Nobody else runs: who waits for the supplier has it work at this place. When
 * that has nothing to do, time passes. Who waits comes to an end in a few
 * turns, whatever the table promises that it has not.
 */
int __wrap_sem_wait(sem_t *looks)
{
	bool late = false;

	while (sem_trywait(looks) < 0) {
		assert_true(world.turns++ < TURNS_MAX);
		late = !supply(input_byte(world.input) & 1, late);
	}
	return 0;
}

static void make_world(struct input *in)
{
	struct fixture *f = &world.fixture;
	uint32_t present = input_byte(in) % (WINDOW + 1);
	static uint8_t *base;

	if (base == NULL) {
		base = mmap(NULL, (RAM + WINDOW) * LAB_EXTENT_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		assert_ptr_not_equal(base, MAP_FAILED);
		assert_int_equal(mprotect(base, RAM * LAB_EXTENT_SIZE,
					  PROT_READ | PROT_WRITE),
				 0);
	}
	guest_make(f, WINDOW, present);
	f->memory.base = base;
	for (uint32_t i = 0; i < WINDOW; i++)
		access_extent(i,
			      i < present ? PROT_READ | PROT_WRITE : PROT_NONE);
	f->guest.limit = RAM + input_byte(in) % (WINDOW + 2);
	f->guest.guarantee = RAM + input_byte(in) % (present + 1u);
	f->guest.marks = (struct reserve){
		.min = input_byte(in), .low = 256, .high = 300};
	f->guest.cpus = 1 + input_byte(in) % 3;
	f->guest.console = open("/dev/null", O_WRONLY | O_CLOEXEC);
	f->guest.output = input_byte(in) & 1 ? f->guest.console : -1;
	f->guest.kernel_timeout = 10;
	world.plan = (struct plan){.guest = &f->guest};
	world.cpus.cpu[0] = VCPU_NONE;
	world.cpus.cpu[0].cpus = &world.cpus;
	world.granted = 0;
	world.spoilt = false;
}

/* An argument that means something more often than not. */
static uint64_t argument(struct input *in)
{
	uint8_t how = input_byte(in);
	uint64_t offset = (uint64_t)input_byte(in) << 4;

	switch (how & 7) {
	case 0:
		return how >> 3; /* an order, a size */
	case 1:
		return UINT64_C(1) << (how >> 3) | UINT64_C(1) << (offset >> 8);
	case 2: /* in RAM, or just behind it */
		return RAM * LAB_EXTENT_SIZE - 0x800 + offset;
	case 3: /* in the window */
		return LAB_WINDOW_BASE + ((uint64_t)(how >> 3) << 17) +
		       (offset << 5);
	case 4:
	case 5:
		return world.latest[(how >> 3) % LATEST_MAX];
	case 6:
		return offset << 4 | how >> 3;
	default:
		return input_number(in);
	}
}

/* Between two calls what waits has been answered, and the books agree. */
static void check_grant(uint64_t gpa, uint64_t order)
{
	struct vcpu_call call = {.vcpu = &world.cpus.cpu[0],
				 .number = LAB_HC_INSPECT,
				 .args = {gpa}};
	int64_t found;

	hcall_dispatch(&world.fixture.guest, &call, &found);
	if (!world.spoilt)
		assert_int_equal(found, order);
	assert_int_equal(gpa & ((LAB_PAGE_SIZE << order) - 1), 0);
	/* Is all of it there? */
	int64_t page = gpa_to_page(&world.fixture.memory, gpa);
	assert_true(page >= 0);
	uint8_t *host = gpa_page_host(&world.fixture.memory, (uint32_t)page);
	for (uint64_t i = 0; i < 1u << order; i++)
		host[i * LAB_PAGE_SIZE] = 0xda;
	world.latest[world.granted++ % LATEST_MAX] = gpa;
}

static bool call_one(struct input *in)
{
	struct hcall_guest *guest = &world.fixture.guest;
	uint8_t what = input_byte(in);
	struct vcpu_call call = {
		.vcpu = &world.cpus.cpu[0],
		.number = LAB_HC_BASE + what % (LAB_HC_MAX - LAB_HC_BASE + 3),
		.ring = what >> 5 == 7 ? 3 : 0,
		.may_sleep = what >> 5 != 6,
	};
	int64_t result = -1;

	for (int i = 0; i < 4; i++)
		call.args[i] = argument(in);
	world.turns = 0;
	uint64_t mistakes = guest->tally->mistakes;
	uint64_t granted = window_granted(guest->window);
	bool goes_on = hcall_dispatch(guest, &call, &result);
	assert_true(result >= -ERRNO_MAX);
	if (guest->tally->mistakes != mistakes && !world.spoilt)
		assert_true(result < 0 &&
			    window_granted(guest->window) == granted);
	if (call.number == LAB_HC_GRANT && result >= 0)
		check_grant((uint64_t)result, call.args[1]);
	if (!world.spoilt)
		share_validate(&guest->window->share);
	return goes_on;
}

/* What its guest may do to the table, at any time: here, a few words, each a
 * number or what another is. */
static void spoil(struct input *in)
{
	struct share *share = &world.fixture.window.share;
	uint64_t *const parts[] = {(uint64_t *)share->head,
				   (uint64_t *)share->cpus, share->children,
				   share->maps, share->index};
	const uint64_t *end = (uint64_t *)world.fixture.table +
			      share_bytes(WINDOW) / sizeof(*end);
	uint8_t words = input_byte(in) % 8;

	world.spoilt = true;
	for (uint8_t i = 0; i < words; i++) {
		uint64_t *part = parts[input_byte(in) % 5];
		uint64_t *to = part + input_byte(in) % 64;
		uint8_t from = input_byte(in);
		uint64_t word = from < 64 && part + from < end
					? part[from]
					: input_number(in);
		if (from >= 0xc0)
			word = from & 1 ? UINT64_MAX : 0;
		if (to < end)
			*to = word;
	}
}

/* What may happen to a guest between two of its calls. */
static void happen(struct input *in)
{
	struct hcall_guest *guest = &world.fixture.guest;
	uint8_t what = input_byte(in);
	uint8_t how = input_byte(in);

	switch (what & 7) {
	case 0: /* the broker wants some back */
		guest->reclaim = how % 4;
		break;
	case 1:
		guest->pool_level = how % 3;
		break;
	case 2:
		guest->limit = RAM + how % (WINDOW + 2);
		break;
	case 3: /* it is away, or comes back */
		guest->away = how & 1;
		break;
	case 4:
		spoil(in);
		return;
	default:
		(void)supply(how & 1, how & 2);
		return;
	}
	spin_lock(&guest->lock);
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.at = data, .left = size};
	bool goes_on = true;

	world.input = &in;
	make_world(&in);
	for (int i = 0; goes_on && in.left > 0 && i < STEPS_MAX; i++) {
		if (input_byte(&in) & 3)
			goes_on = call_one(&in);
		else
			happen(&in);
	}
	hcall_ended(&world.fixture.guest);
	close(world.fixture.guest.console);
	if (!world.spoilt)
		share_validate(&world.fixture.window.share);
	window_fini(&world.fixture.window);
	free(world.fixture.table);
	close(world.fixture.guest.wake);
	return 0;
}
