/* SPDX-License-Identifier: MIT */
/* A table of a window, as the VMM has it: fresh, zeroed, resident as touched.
 */
#ifndef LABYRINTH_TESTS_SHARE_SUPPORT_H
#define LABYRINTH_TESTS_SHARE_SUPPORT_H

#include <stdlib.h>
#include <sys/mman.h>

#include "share/share.h"

/* Abort without memory: no test goes on without. */
static inline struct share *table_new(uint32_t extents)
{
	struct share *self = malloc(sizeof(*self));
	void *bytes = mmap(NULL, share_bytes(extents), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (self == NULL || bytes == MAP_FAILED)
		abort();
	share_init(self, bytes, extents);
	share_format(self);
	return self;
}

/* Is it open or closed? */
static inline bool table_present(const struct share *self, uint32_t extent)
{
	enum lab_share_state state = share_state(self, extent);

	return state == LAB_SHARE_OPEN || state == LAB_SHARE_CLOSED;
}

static inline void table_free(struct share *self)
{
	if (self == NULL)
		return;
	munmap(self->head, share_bytes(self->extents));
	free(self);
}

#endif
