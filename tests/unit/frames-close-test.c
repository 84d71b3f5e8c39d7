/* SPDX-License-Identifier: MIT */
/* Extents that no more grants come from: what is in them, and how they end. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mem/frames.h"

#define PAGES	LAB_EXTENT_PAGES
#define EXTENTS 3

static int setup(void **state)
{
	struct frames *frames = frames_new(EXTENTS);

	*state = frames;
	for (uint32_t i = 0; frames != NULL && i < EXTENTS; i++)
		frames_add(frames, i);
	return frames == NULL;
}

static int teardown(void **state)
{
	frames_validate(*state);
	frames_free(*state);
	return 0;
}

static uint32_t grant(struct frames *frames, unsigned order)
{
	uint32_t page;

	assert_int_equal(frames_grant(frames, order, &page), 0);
	return page;
}

static void release(struct frames *frames, uint32_t page, unsigned order)
{
	assert_int_equal(frames_check_release(frames, page, order), 0);
	frames_release(frames, page, order);
}

/* Of three extents one is closed, though it has just the block that fits. */
static void no_grant_comes_from_it(void **state)
{
	struct frames *frames = *state;
	uint32_t page = grant(frames, 3), at = page / PAGES;

	frames_close(frames, at);
	frames_validate(frames);
	assert_true(frames_present(frames, at));
	assert_int_equal(frames_leases(frames), 3);
	assert_int_equal(frames_spares(frames), 2);
	assert_int_equal(frames_unused(frames), 2 * PAGES);
	assert_int_equal(frames_granted(frames), 8);
	assert_int_equal(frames_room(frames, 3), 2 * PAGES / 8);
	for (int i = 0; i < 2 * PAGES; i++)
		assert_int_not_equal(grant(frames, 0) / PAGES, at);
	uint32_t none;
	assert_int_equal(frames_grant(frames, 0, &none), -ENOMEM);
	assert_int_equal(frames_spare(frames, &none), -ENOENT);
	assert_int_equal(frames_inspect(frames, page), 3);
}

static void what_is_granted_is_released_as_ever(void **state)
{
	struct frames *frames = *state;
	uint32_t page = grant(frames, 3), other = grant(frames, 0);
	uint32_t at = page / PAGES;

	assert_int_equal(other / PAGES, at);
	frames_close(frames, at);
	assert_false(frames_idle(frames, at));
	release(frames, page, 3);
	assert_int_equal(frames_check_release(frames, page, 3), -ESTALE);
	frames_validate(frames);
	assert_false(frames_idle(frames, at));
	assert_int_equal(frames_unused(frames), 2 * PAGES);
	release(frames, other, 0);
	assert_true(frames_idle(frames, at));
	assert_int_equal(frames_spares(frames), 2);
	assert_int_equal(frames_granted(frames), 0);
	frames_validate(frames);
	frames_remove(frames, at);
	assert_int_equal(frames_leases(frames), 2);
	/* What comes there next is open. */
	frames_add(frames, at);
	assert_int_equal(frames_spares(frames), 3);
}

static void it_may_be_opened_again(void **state)
{
	struct frames *frames = *state;
	uint32_t page = grant(frames, 3), at = page / PAGES;

	for (int i = 0; i < 2; i++) {
		frames_close(frames, at);
		frames_close(frames, at);
		frames_validate(frames);
		frames_open(frames, at);
		frames_open(frames, at);
		frames_validate(frames);
	}
	assert_int_equal(frames_unused(frames), 3 * PAGES - 8);
	assert_int_equal(grant(frames, 0) / PAGES, at);
}

static void it_may_be_lost(void **state)
{
	struct frames *frames = *state;
	uint32_t page = grant(frames, 3), at = page / PAGES;

	frames_close(frames, at);
	frames_lose(frames, at);
	frames_validate(frames);
	assert_false(frames_present(frames, at));
	assert_int_equal(frames_granted(frames), 0);
	assert_int_equal(frames_unused(frames), 2 * PAGES);
	assert_int_equal(frames_check_release(frames, page, 3), -EACCES);
}

/* Grants, releases, closings and openings at random: the books stay right. */
static void a_random_walk_stays_valid(void **state)
{
	struct frames *frames = *state;
	static struct {
		uint32_t page;
		unsigned order;
	} held[EXTENTS * PAGES];
	unsigned count = 0;

	srand(1);
	for (int i = 0; i < 30000; i++) {
		unsigned order = (unsigned)rand() % 5;
		uint32_t at = (uint32_t)rand() % EXTENTS, page;

		switch (rand() % 8) {
		case 0:
			frames_close(frames, at);
			break;
		case 1:
			frames_open(frames, at);
			break;
		case 2 ... 5:
			if (frames_grant(frames, order, &page) < 0)
				break;
			held[count].page = page;
			held[count++].order = order;
			break;
		default:
			if (count == 0)
				break;
			unsigned which = (unsigned)rand() % count--;
			release(frames, held[which].page, held[which].order);
			held[which] = held[count];
		}
		if (i % 16 == 0)
			frames_validate(frames);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_grant_comes_from_it),
		TEST(what_is_granted_is_released_as_ever),
		TEST(it_may_be_opened_again),
		TEST(it_may_be_lost),
		TEST(a_random_walk_stays_valid),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
