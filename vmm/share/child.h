/* SPDX-License-Identifier: MIT */
/* A child as a value: what it says of its extent, and what it becomes. See
 * <labyrinth/share.h> for the bits. */
#ifndef LABYRINTH_SHARE_CHILD_H
#define LABYRINTH_SHARE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/share.h>

#define CHILD_VERSION (UINT64_C(1) << LAB_SHARE_VERSION_SHIFT)
#define CHILD_OPEN    ((uint64_t)LAB_SHARE_OPEN << LAB_SHARE_STATE_SHIFT)
#define CHILD_HELD    ((uint64_t)LAB_SHARE_HELD << LAB_SHARE_BUCKET_SHIFT)

static inline enum lab_share_state child_state(uint64_t child)
{
	return (enum lab_share_state)((child & LAB_SHARE_STATE) >>
				      LAB_SHARE_STATE_SHIFT);
}

static inline bool child_open(uint64_t child)
{
	return (child & LAB_SHARE_STATE) == CHILD_OPEN;
}

/* Open or closed. */
static inline bool child_present(uint64_t child)
{
	return child_open(child) || child_state(child) == LAB_SHARE_CLOSED;
}

static inline unsigned child_free(uint64_t child)
{
	return (unsigned)(child & LAB_SHARE_FREE);
}

/* 0 to 15: more than LAB_SHARE_HELD only if the table does not keep the
 * protocol. */
static inline unsigned child_bucket(uint64_t child)
{
	return (unsigned)((child & LAB_SHARE_BUCKET) >> LAB_SHARE_BUCKET_SHIFT);
}

static inline bool child_held(uint64_t child)
{
	return (child & LAB_SHARE_BUCKET) == CHILD_HELD;
}

static inline uint64_t child_with_bucket(uint64_t child, unsigned bucket)
{
	return (child & ~LAB_SHARE_BUCKET) | (uint64_t)bucket
						     << LAB_SHARE_BUCKET_SHIFT;
}

/* In another state, and in no bucket. */
static inline uint64_t child_in_state(uint64_t child,
				      enum lab_share_state state)
{
	return (child & ~(LAB_SHARE_STATE | LAB_SHARE_BUCKET)) |
	       (uint64_t)state << LAB_SHARE_STATE_SHIFT;
}

#endif
