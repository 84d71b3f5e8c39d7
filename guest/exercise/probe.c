/* SPDX-License-Identifier: MIT */
/*
 * Probe: what of the window answers. Its own grants do, page by page; where
 * there is no lease a touch is a machine check that names the page.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "exercise.h"
#include "mmu.h"
#include "settle.h"
#include "tap.h"
#include "trap.h"

#define ORDERS (LAB_MAX_ORDER + 1)

static uint64_t grants[ORDERS]; /* by order; 0: none */
static uint64_t former[ORDERS]; /* given back */

static int64_t inspect(uint64_t gpa)
{
	return lab_hypercall(LAB_HC_INSPECT, gpa, 0, 0, 0);
}

static uint64_t window_end(void)
{
	return lab_boot_info()->window_base + lab_boot_info()->window_size;
}

static bool machine_checks(void)
{
	return cpu_read_cr4() & CPU_CR4_MCE;
}

/* What INSPECT must say of a page in a lease of ours. */
static int64_t own_answer(uint64_t page)
{
	for (unsigned int order = 0; order < ORDERS; order++) {
		if (grants[order] &&
		    page - grants[order] < (PAGE_SIZE << order))
			return order;
	}
	return -LAB_ENOENT;
}

static void take_grants(void)
{
	for (unsigned int order = 0; order < ORDERS; order++) {
		struct page *block = alloc_pages(GFP_KERNEL, order);

		grants[order] = (uint64_t)page_address(block);
		expect(block != NULL, true);
	}
}

static bool page_answers(uint64_t page, unsigned int order)
{
	volatile uint8_t *last = (uint8_t *)page + PAGE_SIZE - 1;
	uint8_t value = 0;

	expect_or_false(inspect(page), order);
	expect_or_false(lab_probe_write(last, 0x5a), true);
	expect_or_false(lab_probe_read(last, &value), true);
	expect_or_false(value, 0x5a);
	return true;
}

static void grants_answer(void)
{
	for (unsigned int order = 0; order < ORDERS; order++) {
		uint64_t size = PAGE_SIZE << order;

		if (!grants[order])
			continue;
		for (uint64_t i = 0; i < size; i += PAGE_SIZE) {
			if (!page_answers(grants[order] + i, order))
				return;
		}
	}
}

/* Each page of our leases is in the grant that we know of, or in none. */
static void leases_hold_our_grants(void)
{
	settle();
	for (uint64_t extent = lab_boot_info()->window_base;
	     extent < window_end(); extent += LAB_EXTENT_SIZE) {
		if (inspect(extent) == -LAB_EACCES)
			continue;
		for (uint64_t i = 0; i < LAB_EXTENT_SIZE; i += PAGE_SIZE)
			expect(inspect(extent + i), own_answer(extent + i));
	}
}

static void leases_are_counted(void)
{
	uint64_t boot = (lab_boot_info()->memory + LAB_EXTENT_SIZE - 1) /
			LAB_EXTENT_SIZE;
	struct lab_counts counts;
	uint64_t leased = 0;

	settle();
	for (uint64_t extent = lab_boot_info()->window_base;
	     extent < window_end(); extent += LAB_EXTENT_SIZE)
		leased += inspect(extent) != -LAB_EACCES;
	counts = settled_counts();
	expect(leased, counts.leases - boot);
}

/* A machine check that names the page. */
static bool is_refused(bool answered, uint64_t address)
{
	struct trap_refusal refusal = trap_last_refusal();

	expect_or_false(answered, false);
	expect_or_false(refusal.vector, 18);
	expect_or_false(refusal.address & -PAGE_SIZE, address & -PAGE_SIZE);
	return true;
}

static bool hole_refuses(uint64_t extent)
{
	uint64_t last = extent + LAB_EXTENT_SIZE - 1;
	uint8_t value = 0;

	return is_refused(lab_probe_read((void *)extent, &value), extent) &&
	       is_refused(lab_probe_write((void *)last, 1), last) &&
	       tap_equal(__FILE__, __LINE__, "a byte read from a hole", value,
			 0);
}

static void holes_refuse(void)
{
	if (!machine_checks()) {
		tap_skip("machine checks are not offered");
		return;
	}
	for (uint64_t extent = lab_boot_info()->window_base;
	     extent < window_end(); extent += LAB_EXTENT_SIZE) {
		if (inspect(extent) == -LAB_EACCES && !hole_refuses(extent))
			return;
	}
}

static void holes_are_not_ours(void)
{
	for (uint64_t extent = lab_boot_info()->window_base;
	     extent < window_end(); extent += LAB_EXTENT_SIZE) {
		if (inspect(extent) != -LAB_EACCES)
			continue;
		expect(inspect(extent + LAB_EXTENT_SIZE / 2), -LAB_EACCES);
		expect(inspect(extent + LAB_EXTENT_SIZE - PAGE_SIZE),
		       -LAB_EACCES);
	}
}

static void outside_the_window(void)
{
	expect(inspect(0), -LAB_ENXIO);
	expect(inspect(lab_boot_info()->memory - PAGE_SIZE), -LAB_ENXIO);
	expect(inspect(lab_boot_info()->window_base - PAGE_SIZE), -LAB_ENXIO);
	expect(inspect(window_end()), -LAB_ENXIO);
	expect(inspect(-PAGE_SIZE), -LAB_ENXIO);
	expect(lab_probe_read((void *)window_end(), NULL), false);
	expect(lab_probe_write((void *)window_end(), 1), false);
}

static void grants_go_back(void)
{
	for (unsigned int order = 0; order < ORDERS; order++) {
		if (!grants[order])
			continue;
		expect(lab_hypercall(LAB_HC_RELEASE, grants[order], order, 0,
				     0),
		       0);
		former[order] = grants[order];
		grants[order] = 0;
	}
	leases_hold_our_grants();
}

/* Eight bytes that begin in a lease and end in a hole. */
static void across_the_border(void)
{
	uint64_t hole = lab_boot_info()->window_base;
	uint64_t value = 0;

	if (!machine_checks()) {
		tap_skip("machine checks are not offered");
		return;
	}
	while (hole < window_end() && inspect(hole) != -LAB_EACCES)
		hole += LAB_EXTENT_SIZE;
	expect(hole > lab_boot_info()->window_base && hole < window_end(),
	       true);
	expect(probe_read_word((void *)(hole - 4), &value), false);
	expect(trap_last_refusal().vector, 18);
	expect(trap_last_refusal().address, hole);
	expect(value, 0);
}

/* Of what went with its lease not even the last owner sees a byte. */
static void gone_is_gone(void)
{
	unsigned int gone = 0;

	if (!machine_checks()) {
		tap_skip("machine checks are not offered");
		return;
	}
	settle();
	for (unsigned int order = 0; order < ORDERS; order++) {
		uint64_t extent = former[order] & -LAB_EXTENT_SIZE;

		if (!former[order] || inspect(extent) != -LAB_EACCES)
			continue;
		gone++;
		if (!hole_refuses(extent))
			return;
	}
	if (!gone)
		tap_skip("no lease went");
}

/* Past the guest's own tables, too, there is nothing: reads are ones. */
static bool is_empty(uint64_t physical)
{
	volatile uint8_t *byte = mmu_peek(physical);

	expect_or_false(*byte, 0xff);
	*byte = 0x11;
	expect_or_false(*byte, 0xff);
	return true;
}

static void physically_outside(void)
{
	const struct lab_boot_info *boot = lab_boot_info();

	if (is_empty(window_end()) &&
	    is_empty(window_end() + LAB_EXTENT_SIZE) && is_empty(boot->memory))
		is_empty(boot->window_base - PAGE_SIZE);
}

static const struct tap_case cases[] = {
	{"probe: a grant of each order", take_grants},
	{"probe: each page of a grant answers", grants_answer},
	{"probe: our leases hold our grants, and nothing else",
	 leases_hold_our_grants},
	{"probe: as many extents are ours as the counts say",
	 leases_are_counted},
	{"probe: an extent without a lease is not ours: EACCES",
	 holes_are_not_ours},
	{"probe: an extent without a lease refuses a touch", holes_refuse},
	{"probe: a read across the border of a lease is refused",
	 across_the_border},
	{"probe: nothing answers outside the window", outside_the_window},
	{"probe: no memory is physically outside the window",
	 physically_outside},
	{"probe: given back, nothing is in a grant", grants_go_back},
	{"probe: given back, what went with its lease refuses", gone_is_gone},
};

int exercise_probe(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);

	(void)argc;
	(void)argv;
	refill(false);
	printf("# window of %lu extents\n",
	       lab_boot_info()->window_size / LAB_EXTENT_SIZE);
	return tap_run(&group, 1);
}
