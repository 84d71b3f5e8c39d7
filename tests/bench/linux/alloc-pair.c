/* SPDX-License-Identifier: MIT */
/*
 * A module for the Linux guest: what alloc_page(GFP_ATOMIC) and __free_page()
 * take, on 1 and then on 2 processors at once, told to the kernel's log in
 * cycles of the time-stamp counter. As guest/bench/pair.c counts ours.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sort.h>
#include <asm/msr.h>

#define BATCH	100
#define BATCHES 64
#define WARM_UP 1000
#define MOST	2 /* processors */

static u64 samples[MOST][BATCHES];
static unsigned int failed;
static atomic_t waiting;
static struct completion done;

static void pair(void)
{
	struct page *page = alloc_page(GFP_ATOMIC);

	if (page)
		__free_page(page);
	else
		failed++;
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

static int measure(void *argument)
{
	u64 *own = argument;
	int i, n;

	for (i = 0; i < WARM_UP; i++)
		pair();
	atomic_dec(&waiting);
	while (atomic_read(&waiting) > 0)
		cond_resched();
	for (i = 0; i < BATCHES; i++) {
		u64 before = rdtsc_ordered();

		for (n = 0; n < BATCH; n++)
			pair();
		own[i] = rdtsc_ordered() - before;
	}
	complete(&done);
	return 0;
}

static void measure_on(unsigned int cpus)
{
	unsigned int cpu;
	u64 sum = 0;

	init_completion(&done);
	atomic_set(&waiting, cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		struct task_struct *task = kthread_create_on_cpu(
			measure, samples[cpu], cpu, "pair/%u");

		if (IS_ERR(task))
			return;
		wake_up_process(task);
	}
	for (cpu = 0; cpu < cpus; cpu++)
		wait_for_completion(&done);
	for (cpu = 0; cpu < cpus; cpu++) {
		sort(samples[cpu], BATCHES, sizeof(u64), compare, NULL);
		sum += samples[cpu][BATCHES / 2];
	}
	sum /= cpus;
	pr_info("pair_cycles_%u %llu.%02llu\n", cpus, sum / BATCH,
		sum % BATCH * 100 / BATCH);
}

static int __init alloc_pair_init(void)
{
	measure_on(1);
	if (num_online_cpus() >= MOST)
		measure_on(MOST);
	pr_info("pair_failed %u\n", failed);
	return 0;
}

static void __exit alloc_pair_exit(void)
{
}

module_init(alloc_pair_init);
module_exit(alloc_pair_exit);
MODULE_DESCRIPTION("What a page costs in this guest");
MODULE_LICENSE("Dual MIT/GPL");
