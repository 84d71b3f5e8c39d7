/* SPDX-License-Identifier: MIT */
/*
 * A guest of the hypercalls without a machine: its books, its marks, and an
 * eventfd where its supplier would listen. Include after cmocka.h.
 */
#ifndef LABYRINTH_TESTS_HCALL_SUPPORT_H
#define LABYRINTH_TESTS_HCALL_SUPPORT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hcall/guest.h"

#define RAM 2 /* leases of boot RAM */

struct fixture {
	struct hcall_guest guest;
	struct memory memory;
	struct window window;
	void *table;
	struct lab_tally tally;
	struct lab_tally_cpu tally_cpus[LAB_CPUS_MAX];
};

/* One page, as most calls are about. */
static inline int grant_one(struct window *window, unsigned int order,
			    uint32_t *page)
{
	return window_grant(window, order, 1, 0, page);
}

static inline void release_one(struct window *window, uint32_t page,
			       unsigned int order)
{
	assert_int_equal(window_release(window, order, 1, &page), 0);
}

/* A window of so many extents, of which the first `present` have a lease; its
 * guarantee is what it holds, its limit all of it. */
static inline void guest_make(struct fixture *self, uint32_t window,
			      uint32_t present)
{
	memset(self, 0, sizeof(*self));
	self->memory.window = window;
	self->memory.ram = RAM;
	self->guest = (struct hcall_guest){
		.memory = &self->memory,
		.name = "ada",
		.guarantee = RAM + present,
		.limit = RAM + window,
		.kernel_timeout = 1000,
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.marks = {.min = 100, .low = 125, .high = 150},
		.lock = SPIN_FREE,
		.cpus = 1,
		.window = &self->window,
		.tally = &self->tally,
		.tally_cpus = self->tally_cpus,
	};
	self->table = aligned_alloc(LAB_PAGE_SIZE, share_bytes(window));
	assert_non_null(self->table);
	memset(self->table, 0, share_bytes(window));
	assert_int_equal(window_init(&self->window, self->table, window,
				     &self->guest.marks),
			 0);
	assert_true(self->guest.wake >= 0);
	for (uint32_t i = 0; i < present; i++)
		window_add(&self->window, i);
}

static inline void guest_free(struct fixture *self)
{
	share_validate(&self->window.share);
	window_fini(&self->window);
	free(self->table);
	close(self->guest.wake);
}

/* Grant single pages until so many are free. */
static inline void use_up_to(struct hcall_guest *guest, uint64_t free)
{
	uint32_t page;

	while (window_unused(guest->window) > free)
		assert_int_equal(grant_one(guest->window, 0, &page), 0);
	assert_int_equal(window_unused(guest->window), free);
}

/* Was the supplier woken since the last look? As it does, look. */
static inline bool was_woken(struct hcall_guest *guest)
{
	eventfd_t count;

	guest->woken = false;
	return eventfd_read(guest->wake, &count) == 0;
}

#endif
