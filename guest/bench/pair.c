/* SPDX-License-Identifier: MIT */
/*
 * An atomic page and its release, as a program asks for them, in the steady
 * state: the library has been through it before, and memory is there.
 */
#include "freestanding.h"

#include "bench.h"

#define BATCH	100 /* operations between two looks at the counter */
#define BATCHES 64  /* of which the median is told */
#define WARM_UP 1000

static uint64_t samples[LAB_CPUS_MAX][BATCHES];
static uint64_t failed; /* grants; atomic */

static void empty(void)
{
	lab_hypercall(LAB_HC_FEATURES, 0, 0, 0, 0);
}

static void pair(void)
{
	struct page *page = alloc_page(GFP_ATOMIC);

	if (!page)
		__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	__free_page(page);
}

static void measure(void *function)
{
	void (*operation)(void) = *(void (**)(void))function;
	uint64_t *own = samples[smp_processor_id()];

	for (unsigned int i = 0; i < BATCHES; i++) {
		uint64_t before = bench_cycles();

		for (unsigned int n = 0; n < BATCH; n++)
			operation();
		own[i] = bench_cycles() - before;
	}
	bench_sort(own, BATCHES);
}

/*
 * The median on each processor, and of those the mean: cycles by 100. And what
 * all together took for each: processors that share one of the host's gain
 * nothing there.
 */
static void tell(const char *name, void (*operation)(void))
{
	unsigned int cpus = num_online_cpus();
	uint64_t sum = 0;

	uint64_t start = bench_cycles();

	on_each_cpu(measure, &operation);
	uint64_t all = (bench_cycles() - start) * 100 / (cpus * BATCHES);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		sum += samples[cpu][BATCHES / 2];
	sum /= cpus;
	printf("%s_cycles %lu.%02lu\n", name, sum / BATCH,
	       sum % BATCH * 100 / BATCH);
	printf("%s_of_all_cycles %lu.%02lu\n", name, all / (100 * BATCH),
	       all / BATCH % 100);
}

/* By the host's count; the second answer is an exit of its own. */
static void tell_exits(unsigned long pairs)
{
	struct lab_stats before, after;

	if (lab_stats(&before) != 0)
		return;
	for (unsigned long i = 0; i < pairs; i++)
		pair();
	lab_stats(&after);
	printf("exit_pairs %lu\n", pairs);
	printf("user_exits %lu\n", after.user_exits - before.user_exits - 1);
	printf("interrupt_exits %lu\n", after.interrupts - before.interrupts);
	printf("exits %lu\n", after.exits - before.exits - 1);
}

int bench_pair(int argc, char **argv)
{
	unsigned long pairs = bench_argument(argc, argv, 0, 1000);

	for (unsigned int i = 0; i < WARM_UP; i++)
		pair();
	failed = 0;
	tell("empty", empty);
	tell("pair", pair);
	tell_exits(pairs);
	printf("failed %lu\n", failed);
	return failed != 0;
}
