/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over the broker's command line: what is accepted is in its range.
 * A refusal ends the process there, and argp's own memory with it; here it
 * comes back, so leaks are not looked for. (target `run` does, with pools.)
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "words.h"

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static jmp_buf refused;

/* Is it a format of theirs with what it needs? The sanitizer looks. */
static _Noreturn void refuse(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	longjmp(refused, 1);
}

#define argp_error(state, ...) ((void)(state), refuse(__VA_ARGS__))
#define main		       daemon_main
int daemon_main(int argc, char **argv);
#include "../../vmm/labyrinthd.c"

static void take(int argc, char **argv)
{
	static struct options o;

	o = (struct options){.serve_fd = -1, .scrub_share = 50};
	if (setjmp(refused) != 0 ||
	    argp_parse(&parser, argc, argv, 0, NULL, &o) != 0)
		return;
	check(o.npools >= 1 && o.npools <= REGISTRY_POOLS_MAX);
	for (size_t i = 0; i < o.npools; i++)
		check(o.pools[i].leases >= 1 &&
		      o.pools[i].leases <= POOL_LEASES_MAX &&
		      registry_name_valid(o.pools[i].name));
	check(o.scrub_share >= 1 && o.scrub_share <= 100);
	check(o.take_after <= TIMEOUT_MAX && o.await <= TIMEOUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	words_parse(data, size, take);
	return 0;
}
