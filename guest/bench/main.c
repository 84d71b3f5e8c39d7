/* SPDX-License-Identifier: MIT */
/* The bench guest: its first argument names a figure. */
#include "freestanding.h"

#include "bench.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} figures[] = {
	{"pair", bench_pair},
	{"give", bench_give},
	{"tail", bench_tail},
	{"stay", bench_stay},
};

unsigned long bench_argument(int argc, char **argv, int index,
			     unsigned long otherwise)
{
	return index < argc ? strtoul(argv[index], NULL, 0) : otherwise;
}

/* Shell's sort: short, and fast enough for some ten thousand. */
void bench_sort(uint64_t *samples, unsigned int count)
{
	for (unsigned int gap = count / 2; gap > 0; gap /= 2) {
		for (unsigned int i = gap; i < count; i++) {
			uint64_t moved = samples[i];
			unsigned int at = i;

			for (; at >= gap && samples[at - gap] > moved;
			     at -= gap)
				samples[at] = samples[at - gap];
			samples[at] = moved;
		}
	}
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(figures) / sizeof(*figures);
	     i++) {
		if (strcmp(argv[1], figures[i].name) == 0)
			return figures[i].run(argc - 2, argv + 2);
	}
	printf("usage: pair [PAIRS] | give MIB [stay] | tail [COUNT] | stay\n");
	return 2;
}
