/* SPDX-License-Identifier: MIT */
/* Owned things that let go of themselves at the end of their scope. */
#ifndef LABYRINTH_BASE_CLEANUP_H
#define LABYRINTH_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *owner)
{
	free(*(void **)owner);
}

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define cleanup_free  __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))

/* Take a descriptor out of its scope's care; it is the caller's then. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same for a pointer, typed. */
#define steal_ptr(pointer)                              \
	__extension__({                                 \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#endif
