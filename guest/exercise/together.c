/* SPDX-License-Identifier: MIT */
/* Exclusive: both processes at once, on as many processors as there are. */
#include "freestanding.h"

#include "exclusive.h"
#include "percpu.h"
#include "selftest.h"
#include "smp.h"

static struct {
	int result;
	struct mm_exit exit;
} runs[LAB_CPUS_MAX];

static struct page *pages[2]; /* ada's, bob's */

static struct mm *process_of(unsigned int cpu)
{
	return cpu % 2 ? bob : ada;
}

static uint64_t pattern_of(unsigned int cpu)
{
	return UINT64_C(0x0101010101010101) * (cpu % 2 ? 'b' : 'a');
}

static void run_here(unsigned int cpu, const char *program, uint64_t argument)
{
	runs[cpu].result =
		run(process_of(cpu), program, argument, &runs[cpu].exit);
}

static void meet(void *argument)
{
	unsigned int self = smp_processor_id();

	(void)argument;
	run_here(self, user_meet, pattern_of(self));
}

static bool take_pages(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		pages[i] = take_exclusive(0);
		fill((uint64_t)pages[i], 0, (uint8_t)pattern_of(i));
		expect_or_false(map_here(process_of(i), pages[i], 0), 0);
	}
	memset(shared, 0, sizeof(*shared));
	memset(runs, 0, sizeof(runs));
	return true;
}

static void give_pages_back(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		expect(mm_unmap(process_of(i), USER_HERE, 0), 0);
		__free_page(pages[i]);
	}
}

/* All must be in ring 3 at the same time before one goes on. */
static void at_once(void)
{
	unsigned int count = num_online_cpus();

	if (!take_pages())
		return;
	shared->wanted = count;
	on_each_cpu(meet, NULL);
	expect(shared->arrived, count);
	for (unsigned int i = 0; i < count; i++) {
		expect(runs[i].result, 0);
		expect(runs[i].exit.value, 0);
	}
	for (unsigned int i = 0; i < 2; i++)
		expect(filled_with((uint64_t)pages[i], 0,
				   (uint8_t)pattern_of(i)),
		       true);
	give_pages_back();
}

static void let_go(void *argument)
{
	(void)argument;
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
}

/* Processor 1 waits in ring 3, as bob, for what processor 0 has it do. */
static void call_into(void *argument)
{
	unsigned int self = smp_processor_id();

	(void)argument;
	if (self == 1) {
		run_here(1, user_await, 1);
	} else if (self == 0) {
		expect(reaches(&shared->arrived, 1), true);
		expect(mm_destroy(bob), -LAB_EBUSY);
		smp_call(1, let_go, NULL);
	}
}

static void called(void)
{
	if (num_online_cpus() < 2)
		return;
	memset(shared, 0, sizeof(*shared));
	memset(runs, 0, sizeof(runs));
	on_each_cpu(call_into, NULL);
	expect(runs[1].result, 0);
	expect(runs[1].exit.value, 1);
}

/*
 * Processor 1 reads its page, as bob, until processor 0 hands it to ada. What
 * processor 1 remembers of the page may be lost by chance, so the interrupt
 * that makes it forget is looked for as well.
 */
static void take_away(void *argument)
{
	unsigned int self = smp_processor_id();
	const uint64_t *served;
	uint64_t before;

	(void)argument;
	if (self == 1) {
		run_here(1, user_watch, USER_THERE);
	} else if (self == 0) {
		served = &percpu_of(1)->calls_served;
		expect(reaches(&shared->arrived, 1), true);
		before = __atomic_load_n(served, __ATOMIC_RELAXED);
		expect(mm_unmap(bob, USER_THERE, 0), 0);
		expect(__atomic_load_n(served, __ATOMIC_RELAXED), before + 1);
		expect(mm_map(ada, USER_THERE, pages[1], 0,
			      VM_READ | VM_WRITE | VM_EXCLUSIVE),
		       0);
		fill((uint64_t)pages[1], 0, 'a');
	}
}

static void taken_away(void)
{
	if (num_online_cpus() < 2)
		return;
	memset(shared, 0, sizeof(*shared));
	memset(runs, 0, sizeof(runs));
	pages[1] = take_exclusive(0);
	expect(mm_map(bob, USER_THERE, pages[1], 0,
		      VM_READ | VM_WRITE | VM_EXCLUSIVE),
	       0);
	on_each_cpu(take_away, NULL);
	expect(runs[1].result, -LAB_EFAULT);
	expect(runs[1].exit.vector, 14);
	expect(runs[1].exit.address, USER_THERE);
	expect(mm_unmap(ada, USER_THERE, 0), 0);
	__free_page(pages[1]);
}

static struct page *wanted; /* by all processes at once */
static uint64_t winners;    /* atomic */

static void compete(void *argument)
{
	struct mm *mm = process_of(smp_processor_id());
	uint64_t address = USER_HERE + smp_processor_id() * PAGE_SIZE;
	int r = mm_map(mm, address, wanted, 0,
		       VM_READ | VM_WRITE | VM_EXCLUSIVE);

	(void)argument;
	if (r == 0)
		__atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
	else
		expect(r, -LAB_EBUSY);
}

static void give_up(void *argument)
{
	struct mm *mm = process_of(smp_processor_id());

	(void)argument;
	mm_unmap(mm, USER_HERE + smp_processor_id() * PAGE_SIZE, 0);
}

static void one_wins(void)
{
	wanted = take_exclusive(0);
	for (unsigned int i = 0; i < 20; i++) {
		winners = 0;
		on_each_cpu(compete, NULL);
		expect(winners, 1);
		on_each_cpu(give_up, NULL);
	}
	__free_page(wanted);
}

/* Records come and go on all processors, in the same few pages. */
static void churn(void *argument)
{
	struct mm *mm = process_of(smp_processor_id());
	uint64_t address = USER_THERE + smp_processor_id() * PAGE_SIZE;

	(void)argument;
	for (unsigned int i = 0; i < 100; i++) {
		struct page *page = alloc_page(GFP_KERNEL | GFP_EXCL);

		expect(page != NULL, true);
		expect(mm_map(mm, address, page, 0, VM_READ | VM_EXCLUSIVE), 0);
		expect(mm_unmap(mm, address, 0), 0);
		__free_page(page);
	}
}

static void churned(void)
{
	struct lab_counts before;

	/* Once, so that the tables are there. */
	on_each_cpu(churn, NULL);
	before = counts_now();
	on_each_cpu(churn, NULL);
	expect(counts_now().pages_granted, before.pages_granted);
}

static const struct tap_case cases[] = {
	{"together: at one address each sees its own bytes alone", at_once},
	{"together: a processor in ring 3 can be called", called},
	{"together: unmapped is unmapped on all processors", taken_away},
	{"together: of all that want a block one gets it", one_wins},
	{"together: blocks come and go, and no record stays", churned},
};

const struct tap_group together_group = TAP_GROUP(cases);
