/* SPDX-License-Identifier: MIT */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "drain.h"
#include "settle.h"
#include "tap.h"

#define MOST 1024

static struct {
	uint64_t gpa;
	unsigned int order;
} taken[MOST];
static unsigned int count;

uint64_t free_pages(void)
{
	return settled_counts().pages_free;
}

static void give_one(void)
{
	count--;
	lab_hypercall(LAB_HC_RELEASE, taken[count].gpa, taken[count].order, 0,
		      0);
}

/* The largest block that there is of at most so many pages. */
static bool take_some(uint64_t pages)
{
	unsigned int order = 0;

	while (order < MAX_ORDER && (UINT64_C(2) << order) <= pages)
		order++;
	for (;; order--) {
		int64_t gpa = lab_hypercall(LAB_HC_GRANT,
					    LAB_GFP_ATOMIC | LAB_GFP_NOWARN,
					    order, 0, 0);

		if (gpa > 0) {
			taken[count].gpa = (uint64_t)gpa;
			taken[count].order = order;
			count++;
			return true;
		}
		if (order == 0)
			return false;
	}
}

bool drain_to(uint64_t free)
{
	uint64_t now = free_pages();

	while (now < free && count > 0) {
		give_one();
		now = free_pages();
	}
	while (now > free && count < MOST && take_some(now - free))
		now = free_pages();
	return tap_equal(__FILE__, __LINE__, "free pages", (int64_t)now,
			 (int64_t)free);
}

void drain_off(void)
{
	while (count > 0)
		give_one();
}
