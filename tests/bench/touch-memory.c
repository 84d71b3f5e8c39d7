/* SPDX-License-Identifier: MIT */
/*
 * touch-memory MIB: in the Linux guest, write a byte to each page of so much
 * new memory, say how long it took in nanoseconds, and give it back.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGE 4096

int main(int argc, char **argv)
{
	size_t bytes =
		argc == 2 ? (size_t)bench_number(argv[1], 65536) << 20 : 0;
	uint64_t start = bench_now();
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	for (size_t at = 0; at < bytes; at += PAGE)
		*(volatile char *)(memory + at) = 1;
	printf("touch_ns %" PRIu64 "\n", bench_now() - start);
	return 0;
}
