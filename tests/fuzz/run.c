/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over the command line of `labyrinth run`, and over each word of it
 * as a pool, a size and a number: what is accepted is in its range.
 */
#include <config.h>

#include "words.h"

/* --version. */
#define exit(status) return EINVAL
#include "../../vmm/run_options.c"
#undef exit

#include "broker/pool_option.h"
#include "broker/registry.h"

static void take_run(int argc, char **argv)
{
	struct run_options o;
	struct err err = {.text = ""};

	if (run_options_parse(&o, argc, argv, &err) < 0) {
		check(err.text[0] != '\0');
		return;
	}
	check(o.memory >= 1 && o.memory <= o.guarantee &&
	      o.guarantee <= o.limit && o.limit <= o.maximum &&
	      o.maximum <= LIMIT_MAX);
	check(o.cpus >= 1 && o.cpus <= LAB_CPUS_MAX && o.argc >= 1);
	check(registry_name_valid(o.name) && o.kernel_timeout <= TIMEOUT_MAX);
}

static void take_values(char **words)
{
	uint64_t number;
	struct err err;

	for (; *words != NULL; words++) {
		struct pool_spec spec;
		if (pool_option_parse(&spec, *words, &err) == 0)
			check(spec.leases >= 1 &&
			      registry_name_valid(spec.name));
		if (size_parse_leases(*words, &number, &err) == 0)
			check(number <= UINT64_MAX >> LAB_EXTENT_SHIFT);
		if (number_parse(*words, 0, 3, 1000, &number) == 0)
			check(number >= 3 && number <= 1000);
	}
}

static void take(int argc, char **argv)
{
	take_values(argv);
	take_run(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	words_parse(data, size, take);
	return 0;
}
