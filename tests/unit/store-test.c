/* SPDX-License-Identifier: MIT */
/* Domains on disk: whole or not there, and nothing else is believed. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#include "guests-support.h"
#include "guests/domain.h"
#include "guests/store.h"

static char folder[64];
static struct store store;

static int setup(void **state)
{
	char path[128];
	struct err err;

	(void)state;
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/lib/domains", folder);
	assert_int_equal(store_open(&store, path, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	remove_folder(folder);
	return 0;
}

/* What was found: names in order, with + for autostart, and the last text. */
static char found_names[256], found_text[256];

static void found(void *context, const char *name, const char *xml,
		  bool autostart)
{
	(void)context;
	snprintf(found_names + strlen(found_names),
		 sizeof(found_names) - strlen(found_names), "%s%s ", name,
		 autostart ? "+" : "");
	snprintf(found_text, sizeof(found_text), "%s", xml);
}

static void assert_found(const char *names)
{
	struct err err;

	found_names[0] = '\0';
	assert_int_equal(store_load(&store, found, NULL, &err), 0);
	assert_string_equal(found_names, names);
}

static void keeps_and_forgets(void **state)
{
	struct err err;

	(void)state;
	assert_found("");
	assert_int_equal(store_save(&store, "ada", "<one/>", &err), 0);
	assert_found("ada ");
	assert_string_equal(found_text, "<one/>");
	assert_int_equal(store_save(&store, "ada", "<two/>", &err), 0);
	assert_int_equal(store_autostart(&store, "ada", true, &err), 0);
	assert_found("ada+ ");
	assert_string_equal(found_text, "<two/>");
	assert_int_equal(store_autostart(&store, "ada", false, &err), 0);
	assert_int_equal(store_autostart(&store, "ada", false, &err), 0);
	assert_found("ada ");
	assert_int_equal(store_autostart(&store, "ada", true, &err), 0);
	assert_int_equal(store_remove(&store, "ada", &err), 0);
	assert_int_equal(store_remove(&store, "ada", &err), 0);
	assert_found("");
	assert_false(is_there(store.path, "ada.autostart"));
}

/* Killed while it wrote: the old one counts, and the rest goes. */
static void an_interrupted_write_is_none(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(store_save(&store, "ada", "<old/>", &err), 0);
	write_file(store.path, "ada.xml.new", "<ne");
	write_file(store.path, "ada.autostart.new", "");
	write_file(store.path, "eve.xml.new", "<ne");
	assert_found("ada ");
	assert_string_equal(found_text, "<old/>");
	assert_false(is_there(store.path, "ada.xml.new"));
	assert_false(is_there(store.path, "ada.autostart.new"));
	assert_false(is_there(store.path, "eve.xml.new"));
}

static void a_failed_write_leaves_the_old_one(void **state)
{
	char path[512];
	struct err err;

	(void)state;
	assert_int_equal(store_save(&store, "ada", "<old/>", &err), 0);
	snprintf(path, sizeof(path), "%s/ada.xml.new", store.path);
	assert_int_equal(mkdir(path, 0700), 0); /* where it would write */
	assert_true(store_save(&store, "ada", "<new/>", &err) < 0);
	assert_text(&err, "ada.xml");
	assert_int_equal(rmdir(path), 0);
	assert_found("ada ");
	assert_string_equal(found_text, "<old/>");
}

static void passes_over_what_is_not_its_own(void **state)
{
	static char large[DOMAIN_XML_MAX + 2];
	char path[512];
	struct err err;

	(void)state;
	assert_int_equal(store_save(&store, "ada", "<one/>", &err), 0);
	write_file(store.path, "README", "");
	write_file(store.path, "a b.xml", "");
	write_file(store.path, ".xml", "");
	write_file(store.path, "eve.autostart", ""); /* of nobody */
	memset(large, ' ', sizeof(large) - 1);
	write_file(store.path, "large.xml", large);
	snprintf(path, sizeof(path), "%s/link.xml", store.path);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	snprintf(path, sizeof(path), "%s/folder.xml", store.path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_found("ada ");
}

static void keeps_nothing_without_a_folder(void **state)
{
	struct store none = STORE_NONE;
	struct err err;

	(void)state;
	assert_int_equal(store_save(&none, "ada", "<one/>", &err), -EROFS);
	assert_text(&err, "--state-dir");
	assert_int_equal(store_load(&none, found, NULL, &err), 0);
	assert_int_equal(store_remove(&none, "ada", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_and_forgets, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_interrupted_write_is_none,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_write_leaves_the_old_one, setup, teardown),
		cmocka_unit_test_setup_teardown(passes_over_what_is_not_its_own,
						setup, teardown),
		cmocka_unit_test(keeps_nothing_without_a_folder),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
