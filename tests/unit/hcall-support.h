/* SPDX-License-Identifier: MIT */
/*
 * A guest of the hypercalls without a machine: its books, its marks, and an
 * eventfd where its supplier would listen. Include after cmocka.h.
 */
#ifndef LABYRINTH_TESTS_HCALL_SUPPORT_H
#define LABYRINTH_TESTS_HCALL_SUPPORT_H

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hcall/guest.h"

#define RAM 2 /* leases of boot RAM */

struct fixture {
	struct hcall_guest guest;
	struct memory memory;
	struct lab_tally tally;
};

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
		.frames = frames_new(window),
		.tally = &self->tally,
	};
	assert_non_null(self->guest.frames);
	assert_true(self->guest.wake >= 0);
	for (uint32_t i = 0; i < present; i++)
		frames_add(self->guest.frames, i);
}

static inline void guest_free(struct fixture *self)
{
	frames_validate(self->guest.frames);
	frames_free(self->guest.frames);
	close(self->guest.wake);
}

/* Grant single pages until so many are free. */
static inline void use_up_to(struct hcall_guest *guest, uint64_t free)
{
	uint32_t page;

	while (frames_unused(guest->frames) > free)
		assert_int_equal(frames_grant(guest->frames, 0, &page), 0);
	assert_int_equal(frames_unused(guest->frames), free);
}

/* Was the supplier woken since the last look? As it does, look. */
static inline bool was_woken(struct hcall_guest *guest)
{
	eventfd_t count;

	guest->woken = false;
	return eventfd_read(guest->wake, &count) == 0;
}

#endif
