/* SPDX-License-Identifier: MIT */
/* hcall/event: what is written into the guest's page, and when it is told. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hcall/event.h"

#define VECTOR 60

static void assert_page(const struct lab_status *page, enum lab_level own,
			enum lab_level pool, uint32_t pending, uint64_t events)
{
	assert_int_equal(page->own, own);
	assert_int_equal(page->pool, pool);
	assert_int_equal(page->level, own > pool ? own : pool);
	assert_int_equal(page->pending, pending);
	assert_int_equal(page->events, events);
}

static void nobody_listens(void **state)
{
	struct events events = {0};

	(void)state;
	event_raise(&events, LAB_EVENT_READY);
	assert_false(event_levels(&events, LAB_LEVEL_LOW, LAB_LEVEL_NONE));
	assert_false(events.untold);
	assert_int_equal(events.now.events, 0);
	/* The levels are known all the same. */
	assert_int_equal(events.now.level, LAB_LEVEL_LOW);
}

static void listens_when_all_is_calm(void **state)
{
	struct events events = {0};
	struct lab_status page;

	(void)state;
	memset(&page, 0x5a, sizeof(page));
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, 0, 0);
	assert_false(events.untold);
}

static void listens_under_pressure(void **state)
{
	struct events events = {0};
	struct lab_status page = {0};

	(void)state;
	event_levels(&events, LAB_LEVEL_NONE, LAB_LEVEL_CRITICAL);
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_CRITICAL, LAB_EVENT_LEVEL,
		    1);
	assert_true(events.untold);
}

/* Each row: levels, and whether the worse of them is another one. */
static void told_of_each_change(void **state)
{
	static const struct {
		enum lab_level own, pool;
		bool told;
	} rows[] = {
		{LAB_LEVEL_NONE, LAB_LEVEL_NONE, false},
		{LAB_LEVEL_LOW, LAB_LEVEL_NONE, true},
		{LAB_LEVEL_LOW, LAB_LEVEL_NONE, false},
		{LAB_LEVEL_LOW, LAB_LEVEL_LOW, false},
		{LAB_LEVEL_NONE, LAB_LEVEL_LOW, false},
		{LAB_LEVEL_CRITICAL, LAB_LEVEL_LOW, true},
		{LAB_LEVEL_LOW, LAB_LEVEL_CRITICAL, false},
		{LAB_LEVEL_LOW, LAB_LEVEL_NONE, true},
		{LAB_LEVEL_NONE, LAB_LEVEL_NONE, true},
	};
	struct events events = {0};
	struct lab_status page = {0};
	uint64_t count = 0;

	(void)state;
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		events.untold = false;
		page.pending = 0;
		assert_int_equal(
			event_levels(&events, rows[i].own, rows[i].pool),
			rows[i].told);
		count += rows[i].told;
		assert_page(&page, rows[i].own, rows[i].pool,
			    rows[i].told ? LAB_EVENT_LEVEL : 0, count);
		assert_int_equal(events.untold, rows[i].told);
	}
}

static void gathers_what_happened(void **state)
{
	struct events events = {0};
	struct lab_status page = {0};

	(void)state;
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	event_raise(&events, LAB_EVENT_READY);
	event_raise(&events, LAB_EVENT_REFUSED);
	event_raise(&events, LAB_EVENT_READY);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE,
		    LAB_EVENT_READY | LAB_EVENT_REFUSED, 3);
}

static void without_a_vector_none_is_due(void **state)
{
	struct events events = {0};
	struct lab_status page = {0};

	(void)state;
	event_listen(&events, &page, sizeof(page), 0, 0);
	event_raise(&events, LAB_EVENT_READY);
	assert_false(events.untold);
	assert_int_equal(page.pending, LAB_EVENT_READY);
	/* Who changes its mind has no interrupt left over. */
	page.events = 99;
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, 0, 1);
	event_raise(&events, LAB_EVENT_READY);
	event_listen(&events, NULL, 0, 0, 0);
	assert_false(events.untold);
}

/* The page is the guest's, who may write what it likes. */
static void believes_nothing_of_the_page(void **state)
{
	struct events events = {0};
	struct lab_status page = {0};

	(void)state;
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	event_levels(&events, LAB_LEVEL_LOW, LAB_LEVEL_NONE);
	memset(&page, 0xff, sizeof(page));
	page.pending = 0;
	event_levels(&events, LAB_LEVEL_CRITICAL, LAB_LEVEL_NONE);
	assert_page(&page, LAB_LEVEL_CRITICAL, LAB_LEVEL_NONE, LAB_EVENT_LEVEL,
		    2);
}

static void assert_notice(const struct lab_status *page, unsigned int slot,
			  uint64_t address, uint32_t serial, uint32_t ms)
{
	assert_int_equal(page->notices[slot].address, address);
	assert_int_equal(page->notices[slot].serial, serial);
	assert_int_equal(page->notices[slot].ms, ms);
}

static void told_of_each_notice(void **state)
{
	struct events events = {0};
	struct lab_status page;

	(void)state;
	memset(&page, 0x5a, sizeof(page));
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		assert_notice(&page, i, 0, 0, 0);
	event_notice(&events, 0, 0x200000, 100);
	event_notice(&events, 15, 0x400000, 200);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, LAB_EVENT_REVOKE, 2);
	assert_true(events.untold);
	assert_notice(&page, 0, 0x200000, 1, 100);
	assert_notice(&page, 15, 0x400000, 2, 200);
	event_notice_over(&events, 0);
	assert_notice(&page, 0, 0, 0, 0);
	assert_notice(&page, 15, 0x400000, 2, 200);
	/* The same extent again is another notice. */
	event_notice(&events, 0, 0x200000, 100);
	assert_notice(&page, 0, 0x200000, 3, 100);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, LAB_EVENT_REVOKE, 3);
}

/* One of which nobody heard is told when somebody listens. */
static void listens_when_notices_stand(void **state)
{
	struct events events = {0};
	struct lab_status page = {0};

	(void)state;
	event_notice(&events, 3, 0x200000, 100);
	event_listen(&events, &page, sizeof(page), VECTOR, 0);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, LAB_EVENT_REVOKE, 1);
	assert_notice(&page, 3, 0x200000, 1, 100);
}

/* A guest of an older ABI: nothing is written behind what it has room for. */
static void no_notice_without_room(void **state)
{
	struct events events = {0};
	struct lab_status page;

	(void)state;
	memset(&page, 0x5a, sizeof(page));
	event_notice(&events, 0, 0x200000, 100);
	event_listen(&events, &page, sizeof(page) - 1, VECTOR, 0);
	event_notice(&events, 1, 0x400000, 100);
	event_notice_over(&events, 0);
	assert_page(&page, LAB_LEVEL_NONE, LAB_LEVEL_NONE, 0, 0);
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		assert_notice(&page, i, 0x5a5a5a5a5a5a5a5a, 0x5a5a5a5a,
			      0x5a5a5a5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(listens_when_all_is_calm),
		cmocka_unit_test(listens_under_pressure),
		cmocka_unit_test(told_of_each_change),
		cmocka_unit_test(gathers_what_happened),
		cmocka_unit_test(without_a_vector_none_is_due),
		cmocka_unit_test(believes_nothing_of_the_page),
		cmocka_unit_test(told_of_each_notice),
		cmocka_unit_test(listens_when_notices_stand),
		cmocka_unit_test(no_notice_without_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
