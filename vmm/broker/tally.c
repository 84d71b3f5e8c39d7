/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

int tally_map(const struct lab_tally **out, int fd, struct err *err)
{
	struct stat stat;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Seals first: what has them is memory, and is asked without waiting.
	 */
	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &stat) < 0 ||
	    stat.st_size != LAB_TALLY_BYTES)
		return err_say(err, EINVAL,
			       "its tally is not a file of %d bytes that is "
			       "sealed against shrinking",
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

void tally_read(struct lab_tally *out, const struct lab_tally *tally)
{
	const uint64_t *from = (const uint64_t *)tally;
	uint64_t *to = (uint64_t *)out;

	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
