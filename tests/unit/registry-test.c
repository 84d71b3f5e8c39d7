/* SPDX-License-Identifier: MIT */
/* broker/registry: guests by name and by pool. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker-support.h"

static struct guest *admit(struct registry *registry, const char *name,
			   const char *pool)
{
	struct lab_lease_msg hello = {
		.hello = {.memory = 1, .guarantee = 1, .limit = 2, .cpus = 1}};
	struct err err = {.text = ""};
	struct guest *guest;

	strcpy(hello.hello.name, name);
	strcpy(hello.hello.pool, pool);
	if (registry_admit(registry, &hello, getpid(), &guest, &err) < 0)
		fail_msg("%s", err.text);
	return guest;
}

/* Pools a and b, and three guests, the second of which is b's. */
static int setup(void **state)
{
	static struct registry registry;
	struct err err;

	registry = (struct registry){0};
	*state = &registry;
	assert_int_equal(registry_add_pool(&registry, make_pool("a", 4), &err),
			 0);
	assert_int_equal(registry_add_pool(&registry, make_pool("b", 4), &err),
			 0);
	admit(&registry, "ada", "a");
	admit(&registry, "adam", "b");
	admit(&registry, "eve", "a");
	return 0;
}

static int teardown(void **state)
{
	registry_clear(*state);
	return 0;
}

static void finds_by_the_whole_name(void **state)
{
	const struct registry *registry = *state;
	char name[LAB_NAME_MAX];

	assert_string_equal(registry_find_guest(registry, "ada")->name, "ada");
	assert_string_equal(registry_find_guest(registry, "adam")->name,
			    "adam");
	assert_null(registry_find_guest(registry, "ad"));
	assert_null(registry_find_guest(registry, "adams"));
	/* As it may come off the wire: nothing ends it. */
	memset(name, 'a', sizeof(name));
	assert_null(registry_find_guest(registry, name));
}

static void names_those_of_one_pool(void **state)
{
	const struct registry *registry = *state;
	struct pool *a = registry_find_pool(registry, "a");
	struct pool *b = registry_find_pool(registry, "b");

	struct guest *guest = registry_of_pool(registry->first, a);
	assert_string_equal(guest->name, "ada");
	guest = registry_of_pool(guest->next, a);
	assert_string_equal(guest->name, "eve");
	assert_null(registry_of_pool(guest->next, a));
	guest = registry_of_pool(registry->first, b);
	assert_string_equal(guest->name, "adam");
	assert_null(registry_of_pool(guest->next, b));
	assert_null(registry_of_pool(NULL, b));
}

static void counts_what_is_above_the_guarantee(void **state)
{
	struct account account = {.guarantee = 3};
	static const uint32_t excess[] = {0, 0, 0, 0, 1, 2};

	(void)state;
	for (; account.held < 6; account.held++)
		assert_int_equal(account_excess(&account),
				 excess[account.held]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_by_the_whole_name),
		TEST(names_those_of_one_pool),
		cmocka_unit_test(counts_what_is_above_the_guarantee),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
