/* SPDX-License-Identifier: MIT */
/* What each single grant took: the worst ones are what matters here. */
#include "freestanding.h"

#include "bench.h"

#define MOST 20000

static uint64_t samples[MOST];

int bench_tail(int argc, char **argv)
{
	unsigned long count = bench_argument(argc, argv, 0, MOST);
	unsigned long failed = 0;

	if (count == 0 || count > MOST)
		count = MOST;
	for (unsigned long i = 0; i < count; i++) {
		uint64_t before = bench_cycles();
		struct page *page = alloc_page(GFP_ATOMIC);

		samples[i] = bench_cycles() - before;
		failed += !page;
		__free_page(page);
	}
	bench_sort(samples, (unsigned int)count);
	printf("p50_cycles %lu\n", samples[count / 2]);
	printf("p99_cycles %lu\n", samples[count - 1 - count / 100]);
	printf("p999_cycles %lu\n", samples[count - 1 - count / 1000]);
	printf("worst_cycles %lu\n", samples[count - 1]);
	printf("failed %lu\n", failed);
	return failed != 0;
}
