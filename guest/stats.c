/* SPDX-License-Identifier: MIT */
/* What a processor has cost its host. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "hcall.h"

int lab_stats(struct lab_stats *stats)
{
	int64_t written;

	/* A VMM older than this header knows fewer counts. */
	memset(stats, 0, sizeof(*stats));
	written = lab_hypercall(LAB_HC_STATS, (uint64_t)stats, sizeof(*stats),
				0, 0);
	return hcall_failed(written) ? (int)written : 0;
}
