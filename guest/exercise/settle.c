/* SPDX-License-Identifier: MIT */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "settle.h"
#include "tap.h"

static const struct lab_fail never = {.probability = 100, .times = -1};
static const struct lab_fail always = {.probability = 0};

/* What settle() sets anew, which changes nothing. */
static enum lab_fail_path path = LAB_FAIL_REFILL;
static const struct lab_fail *as_it_is = &always;
static uint64_t calls; /* of our own; atomic */

static void set(enum lab_fail_path which, const struct lab_fail *attributes)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	tap_equal(__FILE__, __LINE__, "FAIL", lab_fail_set(which, attributes),
		  0);
}

/* FAIL waits until what is under way is done: that is what it is good for. */
void settle(void)
{
	set(path, as_it_is);
}

void refill(bool on)
{
	path = LAB_FAIL_REFILL;
	as_it_is = on ? &always : &never;
	settle();
}

void refill_failing(const struct lab_fail *attributes)
{
	set(LAB_FAIL_REFILL, attributes);
	path = LAB_FAIL_MAP;
	as_it_is = &always;
}

struct lab_counts settled_counts(void)
{
	struct lab_counts counts;

	settle();
	tap_equal(__FILE__, __LINE__, "lab_query()", lab_query(&counts), 0);
	counts.calls -= calls;
	counts.events = 0;
	return counts;
}
