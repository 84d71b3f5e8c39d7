/* SPDX-License-Identifier: MIT */
/*
 * Plan, run, tell. The state here is that of the one running case, which may
 * run on several processors and in interrupts.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "tap.h"

static spinlock_t lock;
static struct {
	const char *skipped; /* the reason, or NULL */
	bool failed;
	const char *file, *text;
	int line;
	int64_t is, wanted;
} now;

void tap_skip(const char *reason)
{
	now.skipped = reason;
}

bool tap_equal(const char *file, int line, const char *text, int64_t is,
	       int64_t wanted)
{
	unsigned long flags;

	if (is == wanted)
		return true;
	flags = spin_lock_irqsave(&lock);
	if (!now.failed) {
		now.failed = true;
		now.file = file;
		now.line = line;
		now.text = text;
		now.is = is;
		now.wanted = wanted;
	}
	spin_unlock_irqrestore(&lock, flags);
	return false;
}

/* Errnos and counts as people write them, addresses too. */
static void print_value(int64_t value)
{
	if (value > -65536 && value < 65536)
		printf("%ld", (long)value);
	else
		printf("0x%lx", (unsigned long)value);
}

static const char *base_name(const char *path)
{
	const char *name = path;

	for (; *path; path++) {
		if (*path == '/')
			name = path + 1;
	}
	return name;
}

static void run_case(unsigned int number, const struct tap_case *c)
{
	memset(&now, 0, sizeof(now));
	c->run();
	printf("%s %u - %s", now.failed ? "not ok" : "ok", number, c->what);
	if (now.failed) {
		printf(" (%s:%d: %s is ", base_name(now.file), now.line,
		       now.text);
		print_value(now.is);
		printf(", wanted ");
		print_value(now.wanted);
		putchar(')');
	} else if (now.skipped) {
		printf(" # SKIP %s", now.skipped);
	}
	putchar('\n');
}

int tap_run(const struct tap_group *groups, unsigned int count)
{
	unsigned int number = 0, failed = 0, total = 0;

	for (unsigned int i = 0; i < count; i++)
		total += groups[i].count;
	printf("1..%u\n", total);
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int j = 0; j < groups[i].count; j++) {
			run_case(++number, &groups[i].cases[j]);
			failed += now.failed;
		}
	}
	if (failed)
		printf("# %u of %u failed\n", failed, total);
	return failed ? 1 : 0;
}
