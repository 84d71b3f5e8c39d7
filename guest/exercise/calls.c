/* SPDX-License-Identifier: MIT */
/* Selftest: discovery, console, exit, and calls that are none. */
#include "freestanding.h"

#include "cpu.h"
#include "selftest.h"

static void version(void)
{
	expect(call(LAB_HC_VERSION), LAB_ABI_VERSION);
	expect(cpu_cpuid(LAB_CPUID_ABI).eax, LAB_ABI_VERSION);
}

static void features(void)
{
	uint32_t ebx = cpu_cpuid(LAB_CPUID_ABI).ebx;

	expect(call(LAB_HC_FEATURES), ebx);
	expect(ebx & ~(LAB_FEATURE_MACHINE_CHECK | LAB_FEATURE_PRE_FAULT |
		       LAB_FEATURE_STATS),
	       0);
}

static void boot_info(void)
{
	const struct lab_boot_info *boot = lab_boot_info();

	expect(boot->magic, LAB_BOOT_MAGIC);
	expect(boot->version, LAB_ABI_VERSION);
	expect(boot->window_base, LAB_WINDOW_BASE);
	expect(boot->window_size % LAB_EXTENT_SIZE, 0);
	expect(boot->memory >= LAB_MEMORY_MIN, true);
	expect(boot->memory <= LAB_MEMORY_MAX, true);
	expect(boot->args_size <= LAB_ARGS_MAX, true);
}

/* tests: any LAB_ENOSYS */
static void unknown_calls(void)
{
	expect_mistake(LAB_ENOSYS, 0);
	expect_mistake(LAB_ENOSYS, 1);
	expect_mistake(LAB_ENOSYS, LAB_HC_BASE);
	expect_mistake(LAB_ENOSYS, LAB_HC_MAX + 1);
	expect_mistake(LAB_ENOSYS, UINT64_MAX);
}

/* The number is all of RAX. */
static void unknown_high_bits(void)
{
	expect_mistake(LAB_ENOSYS, UINT64_C(1) << 32 | LAB_HC_VERSION);
	expect_mistake(LAB_ENOSYS, UINT64_C(1) << 63 | LAB_HC_VERSION);
}

static void console_counts_bytes(void)
{
	static const char text[] = "# a line by the raw call\n";

	expect(call(LAB_HC_CONSOLE, (uint64_t)text, sizeof(text) - 1),
	       sizeof(text) - 1);
}

static void console_too_long(void)
{
	static char text[LAB_CONSOLE_MAX + 1];

	expect_mistake(LAB_E2BIG, LAB_HC_CONSOLE, (uint64_t)text,
		       LAB_CONSOLE_MAX + 1);
	expect_mistake(LAB_E2BIG, LAB_HC_CONSOLE, (uint64_t)text, UINT64_MAX);
}

/* With a file on the host and without; which it is, the host's side knows. */
static void output_refuses(void)
{
	static const char text[] = "by selftest\n";
	uint64_t at = (uint64_t)text, size = sizeof(text) - 1;
	int64_t r = call(LAB_HC_OUTPUT, at, size);

	expect_mistake(LAB_E2BIG, LAB_HC_OUTPUT, at, LAB_OUTPUT_MAX + 1);
	if (r == -LAB_EBADF) {
		puts("# no output file");
		expect_mistake(LAB_EBADF, LAB_HC_OUTPUT, at, size);
		expect_mistake(LAB_EBADF, LAB_HC_OUTPUT, ram_end() - 1, 2);
		return;
	}
	expect(r, size);
	expect_mistake(LAB_EFAULT, LAB_HC_OUTPUT, ram_end() - 1, 2);
	expect(call(LAB_HC_OUTPUT, ram_end(), 0), 0);
}

static void console_bad_buffer(void)
{
	expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, ram_end(), 1);
	expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, ram_end() - 1, 2);
	expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, window_end(), 1);
	expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, UINT64_MAX, 1);
	expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, UINT64_MAX - 2, 8);
}

/* What is granted is the guest's memory, what is not is not. */
static void buffers_in_the_window(void)
{
	static const char text[] = "# a line from a granted page\n";
	uint64_t gpa = take(0), other = gpa ^ (LAB_EXTENT_SIZE / 2);
	uint64_t hole = find_hole();

	if (!gpa)
		return;
	memcpy((void *)gpa, text, sizeof(text));
	expect(call(LAB_HC_CONSOLE, gpa, sizeof(text) - 1), sizeof(text) - 1);
	expect(call(LAB_HC_QUERY, gpa, sizeof(struct lab_counts)),
	       sizeof(struct lab_counts));
	if (call(LAB_HC_INSPECT, other) == -LAB_ENOENT)
		expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, other, 1);
	if (hole)
		expect_mistake(LAB_EFAULT, LAB_HC_CONSOLE, hole, 1);
	give_back(gpa, 0);
}

static void exit_out_of_range(void)
{
	expect_mistake(LAB_E2BIG, LAB_HC_EXIT, LAB_EXIT_MAX + 1);
	expect_mistake(LAB_E2BIG, LAB_HC_EXIT, UINT64_C(1) << 32 | 1);
	expect_mistake(LAB_E2BIG, LAB_HC_EXIT, UINT64_MAX);
}

static uint64_t ring3_number;

static int64_t make_call(void)
{
	return call(ring3_number, 1);
}

/* Every call, one that ends the guest among them; before whether there is
 * one. tests: any LAB_EPERM */
static void ring3_is_refused(void)
{
	struct lab_counts before = counts_now();
	uint64_t made = LAB_HC_MAX + 2 - LAB_HC_BASE;

	for (uint64_t i = 0; i < made; i++) {
		ring3_number = LAB_HC_BASE + i;
		expect(ring3_call(make_call), -LAB_EPERM);
	}
	/* All are mistakes but INSPECT's, which never is one. */
	expect(counts_now().mistakes, before.mistakes + made - 1);
}

static const struct tap_case cases[] = {
	{"version: the call and CPUID agree", version},
	{"features: the call and CPUID agree", features},
	{"boot information: sane", boot_info},
	{"an unknown call: ENOSYS", unknown_calls},
	{"a call's number with high bits set: ENOSYS", unknown_high_bits},
	{"console: writes, and says how much", console_counts_bytes},
	{"console: more than LAB_CONSOLE_MAX bytes: E2BIG", console_too_long},
	{"console: a bad buffer: EFAULT", console_bad_buffer},
	{"output: too many bytes, no file or a bad buffer: refused",
	 output_refuses},
	{"a buffer in a grant is good, elsewhere in the window: EFAULT",
	 buffers_in_the_window},
	{"exit: a status out of range: E2BIG, and it goes on",
	 exit_out_of_range},
	{"a call from ring 3: EPERM", ring3_is_refused},
};

const struct tap_group calls_group = TAP_GROUP(cases);
