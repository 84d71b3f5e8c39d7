/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/meter.h"

#define US_PER_S UINT64_C(1000000)

static const char *program_name = "labyrinth";
static int to_journal;
static int quiet;

void log_init(const char *program)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long device, inode;
	struct stat status;

	program_name = program;
	/* The variable is inherited, also by those who log elsewhere. */
	to_journal = stream != NULL &&
		     sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &status) == 0 &&
		     status.st_dev == device && status.st_ino == inode;
}

void log_quiet(void)
{
	quiet = 1;
}

/* One write a line, so that lines of several processes never mix. */
static void log_line(const char *priority, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void log_line(const char *priority, const char *format, va_list args)
{
	char text[640];

	vsnprintf(text, sizeof(text), format, args);
	if (to_journal)
		fprintf(stderr, "%s%s\n", priority, text);
	else
		fprintf(stderr, "%s: %s\n", program_name, text);
}

void log_info(const char *format, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	log_line("<6>", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("<4>", format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("<3>", format, args);
	va_end(args);
}

/* May one more line that a client caused be said? */
static bool may_say(void)
{
	static struct meter meter = {.period = US_PER_S, .burst = LOG_BURST};
	struct timespec time;
	uint64_t held;

	clock_gettime(CLOCK_MONOTONIC, &time);
	if (!meter_pass(&meter,
			(uint64_t)time.tv_sec * US_PER_S +
				(uint64_t)time.tv_nsec / 1000,
			&held))
		return false;
	if (held > 0)
		log_warning("%llu more lines about clients were left out",
			    (unsigned long long)held);
	return true;
}

void log_client_info(const char *format, ...)
{
	va_list args;

	if (quiet || !may_say())
		return;
	va_start(args, format);
	log_line("<6>", format, args);
	va_end(args);
}

void log_client_warning(const char *format, ...)
{
	va_list args;

	if (!may_say())
		return;
	va_start(args, format);
	log_line("<4>", format, args);
	va_end(args);
}
