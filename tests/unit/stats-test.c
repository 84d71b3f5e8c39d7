/* SPDX-License-Identifier: MIT */
/* machine/stats: counts are found by name, wherever a kernel puts them. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>

#include "base/kvm_compat.h"
#include "machine/stats.h"

#define NAME_BYTES  48
#define DESCRIPTORS 4
#define DATA_WORDS  16

/* A file as KVM's, but for its order, its names' room, and where things lie. */
struct file {
	struct kvm_stats_header header;
	char id[40];
	struct {
		uint32_t flags;
		int16_t exponent;
		uint16_t size;
		uint32_t offset;
		uint32_t bucket_size;
		char name[NAME_BYTES];
	} descriptors[DESCRIPTORS];
	uint64_t data[DATA_WORDS];
};

static struct file good_file(void)
{
	static const struct {
		const char *name;
		uint32_t word;
	} counts[DESCRIPTORS] = {{"irq_exits", 3},
				 {"exits", 9},
				 {"io_exits", 0},
				 {"pf_taken", 5}};
	struct file f = {
		.header = {.name_size = NAME_BYTES,
			   .num_desc = DESCRIPTORS,
			   .id_offset = offsetof(struct file, id),
			   .desc_offset = offsetof(struct file, descriptors),
			   .data_offset = offsetof(struct file, data)}};

	for (int i = 0; i < DESCRIPTORS; i++) {
		f.descriptors[i].size = 1;
		f.descriptors[i].offset = counts[i].word * 8;
		strcpy(f.descriptors[i].name, counts[i].name);
	}
	for (uint64_t i = 0; i < DATA_WORDS; i++)
		f.data[i] = 1000 + i;
	return f;
}

/* The first `bytes` of it, as a descriptor. */
static int descriptor_of(const struct file *f, size_t bytes)
{
	int fd = memfd_create("stats", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, f, bytes, 0), bytes);
	return fd;
}

static void test_found(void **state)
{
	struct file f = good_file();
	struct stats stats = STATS_NONE;
	uint64_t counts[STATS_COUNTS];

	(void)state;
	int fd = descriptor_of(&f, sizeof(f));
	assert_int_equal(stats_adopt(&stats, fd), 0);
	assert_int_equal(stats_read(&stats, -1, counts), 0);
	assert_int_equal(counts[STATS_EXITS], 1009);
	assert_int_equal(counts[STATS_FAULTS], 1005);
	assert_int_equal(counts[STATS_INTERRUPTS], 1003);
	/* As they are at each question. */
	f.data[9] = UINT64_MAX;
	pwrite(fd, &f, sizeof(f), 0);
	assert_int_equal(stats_read(&stats, -1, counts), 0);
	assert_true(counts[STATS_EXITS] == UINT64_MAX);
	stats_close(&stats);
	assert_int_equal(stats.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Refused, and the descriptor is closed. */
static void refused(const struct file *f, size_t bytes)
{
	struct stats stats = STATS_NONE;
	int fd = descriptor_of(f, bytes);

	assert_int_equal(stats_adopt(&stats, fd), -ENODATA);
	assert_int_equal(stats.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_one_is_missing(void **state)
{
	struct file f;

	(void)state;
	for (int i = 0; i < DESCRIPTORS; i++) {
		if (i == 2)
			continue;
		f = good_file();
		f.descriptors[i].name[1]++;
		refused(&f, sizeof(f));
		f = good_file();
		f.descriptors[i].size = 32; /* a histogram */
		refused(&f, sizeof(f));
	}
	f = good_file();
	f.header.num_desc--;
	refused(&f, sizeof(f));
	refused(&f, offsetof(struct file, descriptors[3]) - 1);
	refused(&f, sizeof(f.header) - 1);
}

/* A name as long as its room has no NUL; longer than ours is refused. */
static void test_names(void **state)
{
	struct file f = good_file();
	struct stats stats = STATS_NONE;

	(void)state;
	memset(f.descriptors[2].name, 'x', NAME_BYTES);
	int fd = descriptor_of(&f, sizeof(f));
	assert_int_equal(stats_adopt(&stats, fd), 0);
	stats_close(&stats);
	f.header.name_size = 1 << 20;
	refused(&f, sizeof(f));
}

static void test_nothing_to_ask(void **state)
{
	struct stats stats = STATS_NONE;
	uint64_t counts[STATS_COUNTS];
	struct file f = good_file();

	(void)state;
	assert_int_equal(stats_adopt(&stats, -1), -ENODATA);
	assert_int_equal(stats_read(&stats, -1, counts), -ENODATA);
	int fd = descriptor_of(&f, sizeof(f) - 8 * 8);
	assert_int_equal(stats_adopt(&stats, fd), 0);
	assert_int_equal(stats_read(&stats, -1, counts), -ENODATA);
	stats_close(&stats);
	stats_close(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_one_is_missing),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nothing_to_ask),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
