/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <labyrinth/share.h>

int tally_map(const struct lab_tally **out, int fd, struct err *err)
{
	struct stat stat;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Seals first: what has them is memory, and is asked without waiting.
	 */
	bool sealed = seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
	if (sealed && fstat(fd, &stat) < 0)
		return err_say(err, ENOMEM, "look at its tally: %s",
			       strerror(errno));
	if (!sealed || stat.st_size < (off_t)LAB_TALLY_BYTES)
		return err_say(err, EINVAL,
			       "its tally is not a file of %u bytes or more "
			       "that is sealed against shrinking",
			       LAB_TALLY_BYTES);
	void *at = mmap(NULL, LAB_TALLY_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return err_set(err, errno, "map its tally");
	*out = at;
	return 0;
}

void tally_unmap(const struct lab_tally *tally)
{
	if (tally != NULL)
		munmap((void *)(uintptr_t)tally, LAB_TALLY_BYTES);
}

static uint64_t look(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static const void *at(const struct lab_tally *tally, size_t offset)
{
	return (const uint8_t *)tally + offset;
}

/* A processor's line in the table: grants by context, and releases. */
static const struct lab_share_cpu *line(const struct lab_tally *tally,
					unsigned cpu)
{
	const struct lab_share_cpu *lines =
		at(tally, LAB_TALLY_SHARE + LAB_SHARE_CPUS);

	return &lines[cpu];
}

/* A number of pages out of the table: 0 to what the leases have. */
static uint64_t pages(const int64_t *word, uint64_t leases)
{
	int64_t value = __atomic_load_n(word, __ATOMIC_RELAXED);
	uint64_t most = leases * LAB_EXTENT_PAGES;

	if (value < 0)
		return 0;
	return (uint64_t)value < most ? (uint64_t)value : most;
}

static void add_table(struct view_tally *out, const struct lab_tally *tally,
		      uint64_t leases)
{
	const struct lab_share *head = at(tally, LAB_TALLY_SHARE);
	uint64_t held = pages(&head->leases, leases) * LAB_EXTENT_PAGES;
	uint64_t shut = pages(&head->shut, leases);

	out->pages_free = pages(&head->unused, leases);
	if (held > leases * LAB_EXTENT_PAGES)
		held = leases * LAB_EXTENT_PAGES;
	out->pages_granted = held < out->pages_free + shut
				     ? 0
				     : held - out->pages_free - shut;
	for (unsigned i = 0; i < LAB_CPUS_MAX; i++) {
		const struct lab_share_cpu *own = line(tally, i);

		out->counts.grants_atomic += look(&own->grants[0]);
		out->counts.grants_nowait += look(&own->grants[1]);
		out->counts.grants_kernel += look(&own->grants[2]);
		out->counts.releases += look(&own->releases);
	}
}

void tally_read(struct view_tally *out, const struct lab_tally *tally,
		uint64_t leases)
{
	const uint64_t *from = (const uint64_t *)tally;
	uint64_t *to = (uint64_t *)&out->counts;

	for (size_t i = 0; i < sizeof(out->counts) / sizeof(*to); i++)
		to[i] = look(&from[i]);
	add_table(out, tally, leases);
}

void tally_read_cpus(struct view_vcpu *out, unsigned count,
		     const struct lab_tally *tally)
{
	const struct lab_tally_cpu *cpus = at(tally, LAB_TALLY_CPUS);

	for (unsigned i = 0; i < count && i < LAB_CPUS_MAX; i++) {
		const uint64_t *grants = line(tally, i)->grants;
		out[i] = (struct view_vcpu){
			.fast = look(&grants[0]) + look(&grants[1]) +
				look(&grants[2]),
			.slow = look(&cpus[i].slow),
			.failed = look(&cpus[i].failed),
			.refilled = look(&cpus[i].refilled),
			.reclaimed = look(&cpus[i].reclaimed),
		};
	}
}
