/* SPDX-License-Identifier: MIT */
/* A ledger's file as a broker would write it, to be changed. After cmocka.h. */
#ifndef LABYRINTH_TESTS_AUDIT_SUPPORT_H
#define LABYRINTH_TESTS_AUDIT_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include <labyrinth/audit.h>
#include <labyrinth/hypercall.h>

#include "audit/compare.h"

#define BROKER 10
#define ADA    11 /* processes */
#define BOB    12

/*
 * Pool "one" has extents 0 to 3: ada's, ada's, bob's, blank; pool "two" has
 * extents 4 and 5: dirty, and withdrawn without a file. Ada is guest 7, bob 3.
 */
struct ledger_file {
	struct lab_audit header;
	struct lab_audit_pool pools[2];
	struct lab_audit_guest guests[2];
	struct lab_audit_extent extents[6];
};

#define DEVICE 1
#define INODE  100 /* of extent 0; the others follow */

static inline struct ledger_file ledger_file(void)
{
	struct ledger_file file = {
		.header = {.magic = LAB_AUDIT_MAGIC,
			   .version = LAB_AUDIT_VERSION,
			   .bytes = sizeof(file),
			   .extents = 6,
			   .pools = 2,
			   .guests = 2,
			   .pid = BROKER},
		.pools = {{.name = "one",
			   .backing = LAB_BACKING_SHMEM,
			   .total = 4,
			   .guaranteed = 3,
			   .counts = {0, 0, 1, 3, 0}},
			  {.name = "two",
			   .backing = LAB_BACKING_HUGETLB,
			   .total = 2,
			   .counts = {1, 1, 0, 0, 0}}},
		.guests = {{.name = "ada",
			    .id = 7,
			    .pid = ADA,
			    .guarantee = 2,
			    .limit = 3,
			    .held = 2},
			   {.name = "bob",
			    .id = 3,
			    .pid = BOB,
			    .guarantee = 1,
			    .limit = 1,
			    .held = 1}},
		.extents = {{.owner = 7, .state = LAB_EXTENT_LEASED},
			    {.owner = 7, .state = LAB_EXTENT_LEASED},
			    {.owner = 3, .state = LAB_EXTENT_LEASED},
			    {.state = LAB_EXTENT_BLANK},
			    {.state = LAB_EXTENT_DIRTY},
			    {.state = LAB_EXTENT_WITHDRAWN}},
	};

	for (uint32_t i = 0; i < 5; i++) {
		file.extents[i].device = DEVICE;
		file.extents[i].inode = INODE + i;
		file.extents[i].generation = 20 + i;
	}
	return file;
}

static inline int take_file(struct snapshot *out,
			    const struct ledger_file *file, size_t bytes,
			    const char *pool, struct err *err)
{
	void *copy = malloc(bytes + 1);

	assert_non_null(copy);
	memcpy(copy, file, bytes < sizeof(*file) ? bytes : sizeof(*file));
	return snapshot_take(out, copy, bytes, pool, err);
}

static inline struct snapshot take(const struct ledger_file *file)
{
	struct snapshot snapshot;
	struct err err = {.text = ""};

	if (take_file(&snapshot, file, sizeof(*file), NULL, &err) < 0)
		fail_msg("%s", err.text);
	snapshot.broker = BROKER;
	return snapshot;
}

/* The names of what was found, with a space after each. */
static inline const char *named(const struct differences *found)
{
	static char names[1024];

	names[0] = '\0';
	for (size_t i = 0; i < found->count; i++) {
		strcat(names, check_name(found->all[i].check));
		strcat(names, " ");
	}
	return names;
}

#endif
