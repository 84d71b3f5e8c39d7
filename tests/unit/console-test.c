/* SPDX-License-Identifier: MIT */
/* A guest's console: nobody waits, and the latest of it is there. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "guests-support.h"
#include "guests/console.h"

struct fixture {
	char folder[64];
	char path[128];
	sd_event *event;
	struct console *console;
	struct act_listener listener;
	int news, over;
};

static struct fixture fixture;

static void on_news(struct act_listener *self)
{
	(void)self;
	fixture.news++;
}

static void on_over(struct act_listener *self)
{
	(void)self;
	fixture.over++;
}

static int setup(void **state)
{
	struct fixture *f = &fixture;
	struct err err;

	*f = (struct fixture){.listener = {.news = on_news, .over = on_over}};
	*state = f;
	make_folder(f->folder);
	snprintf(f->path, sizeof(f->path), "%s/fifo", f->folder);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(console_new(&f->console, f->event, f->path, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	console_free(f->console);
	assert_false(is_there(f->folder, "fifo"));
	sd_event_unref(f->event);
	remove_folder(f->folder);
	return 0;
}

static void print(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	while (sd_event_run(fixture.event, 0) > 0)
		;
}

static void keeps_what_was_printed(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = console_writer(f->console);
	char text[64], line[64];
	uint64_t at = 0;

	assert_true(fd >= 0);
	print(fd, "one\n");
	console_listen(f->console, &f->listener);
	print(fd, "two\n");
	assert_int_equal(f->news, 1);
	assert_int_equal(console_read(f->console, &at, text, 5), 5);
	assert_memory_equal(text, "one\nt", 5);
	assert_int_equal(console_read(f->console, &at, text, 64), 3);
	assert_int_equal(console_read(f->console, &at, text, 64), 0);
	console_last_line(f->console, line, sizeof(line));
	assert_string_equal(line, "two");
}

static void keeps_the_latest(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = console_writer(f->console);
	static char text[CONSOLE_BYTES + 64];
	uint64_t at = 0;

	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "line %015d\n", i);
		print(fd, text); /* 21 bytes: 105000 in all */
	}
	assert_int_equal(console_read(f->console, &at, text, sizeof(text)),
			 CONSOLE_BYTES);
	assert_int_equal(at, 5000 * 21);
	assert_memory_equal(text + CONSOLE_BYTES - 21, "line 000000000004999",
			    20);
}

/* A guest whose console nobody reads prints on, into nothing. */
static void nobody_waits(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = console_writer(f->console);
	static const char page[4096];
	size_t written = 0;
	ssize_t n;

	while ((n = write(fd, page, sizeof(page))) > 0)
		written += (size_t)n;
	assert_int_equal(errno, EAGAIN);
	assert_true(written >= CONSOLE_BYTES);
}

/* Its daemon ends, and another one comes. */
static void outlives_its_reader(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = console_writer(f->console);
	char text[64];
	uint64_t at = 0;
	struct err err;

	console_listen(f->console, &f->listener);
	console_leave(f->console);
	assert_int_equal(f->over, 1);
	assert_int_equal(write(fd, "alone", 5), 5); /* and no SIGPIPE */
	assert_int_equal(console_adopt(&f->console, f->event, f->path, &err),
			 0);
	print(fd, ", and back");
	assert_int_equal(console_read(f->console, &at, text, 64), 15);
	assert_memory_equal(text, "alone, and back", 15);
}

static void adopts_only_what_is_one(void **state)
{
	struct fixture *f = *state;
	struct console *other;
	char path[128];
	struct err err;

	write_file(f->folder, "file", "");
	snprintf(path, sizeof(path), "%s/file", f->folder);
	assert_int_equal(console_adopt(&other, f->event, path, &err), -EINVAL);
	assert_text(&err, "no FIFO");
	snprintf(path, sizeof(path), "%s/none", f->folder);
	assert_int_equal(console_adopt(&other, f->event, path, &err), -ENOENT);
}

/* One for the next guest of this name is not taken away by the end of ours. */
static void leaves_another_s_alone(void **state)
{
	struct fixture *f = *state;
	struct console *next;
	struct err err;

	assert_int_equal(console_new(&next, f->event, f->path, &err), 0);
	console_free(f->console);
	assert_true(is_there(f->folder, "fifo"));
	f->console = next;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_was_printed),
		TEST(keeps_the_latest),
		TEST(nobody_waits),
		TEST(outlives_its_reader),
		TEST(adopts_only_what_is_one),
		TEST(leaves_another_s_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
