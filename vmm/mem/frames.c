/* SPDX-License-Identifier: MIT */
/*
 * The extents' bitmaps are the truth; the lists, the counts and the index of
 * absent extents are derived from them, for speed, and checked against them
 * by frames_validate().
 */
#include <config.h>

#include "mem/frames.h"

#include "mem/extent.h"
#include "mem/lowest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS (LAB_MAX_ORDER + 1)
#define NONE   UINT32_MAX

/*
 * The list that an extent is on: of those with the same largest free block.
 * ABSENT has no list and is 0, so that fresh memory means absent; nor have LOST
 * and CLOSED.
 */
enum bucket {
	ABSENT,
	FULL,
	ORDER_0,
	BUCKETS = ORDER_0 + ORDERS,
	LOST = BUCKETS,
	CLOSED
};

struct record {
	uint32_t next; /* extent on the same list, or NONE */
	uint32_t prev;
	uint32_t bucket; /* enum bucket */
};

_Static_assert(sizeof(struct record) <= 16, "record of an extent");

struct frames {
	uint32_t extents;
	uint32_t present; /* extents that have a lease */
	/*
	 * Free aligned blocks of each order, in all present extents: order 0
	 * counts free pages, order 9 free extents. Blocks of one order are
	 * disjoint, so a grant of that order takes exactly one of them.
	 */
	uint32_t room[ORDERS];
	uint32_t shut;		 /* free pages of closed extents, not in room */
	uint32_t filled;	 /* bit b: list of bucket b is not empty */
	uint32_t first[BUCKETS]; /* of each list, or NONE */
	struct lowest taken;	 /* the present extents, and the lost */
	struct record *records;	 /* of each extent */
	struct extent *maps;	 /* of each extent; zero where absent */
};

static uint32_t extent_of(uint32_t page)
{
	return page / LAB_EXTENT_PAGES;
}

static unsigned page_within(uint32_t page)
{
	return page % LAB_EXTENT_PAGES;
}

/* Zeroed memory of which only the touched part becomes resident. */
static void *array_new(size_t count, size_t bytes)
{
	return calloc(count == 0 ? 1 : count, bytes);
}

struct frames *frames_new(uint32_t extents)
{
	struct frames *self = array_new(1, sizeof(*self));

	assert(extents <= FRAMES_MAX_EXTENTS);
	if (self == NULL)
		return NULL;
	self->extents = extents;
	self->records = array_new(extents, sizeof(*self->records));
	self->maps = array_new(extents, sizeof(*self->maps));
	for (unsigned i = 0; i < BUCKETS; i++)
		self->first[i] = NONE;
	if (self->records == NULL || self->maps == NULL ||
	    lowest_init(&self->taken, extents) < 0) {
		frames_free(self);
		return NULL;
	}
	return self;
}

void frames_free(struct frames *self)
{
	if (self == NULL)
		return;
	lowest_fini(&self->taken);
	free(self->maps);
	free(self->records);
	free(self);
}

size_t frames_bytes_per_extent(void)
{
	return sizeof(struct extent) + sizeof(struct record);
}

uint64_t frames_granted(const struct frames *self)
{
	return (uint64_t)self->present * LAB_EXTENT_PAGES - self->room[0] -
	       self->shut;
}

uint64_t frames_unused(const struct frames *self)
{
	return self->room[0];
}

uint32_t frames_leases(const struct frames *self)
{
	return self->present;
}

uint32_t frames_spares(const struct frames *self)
{
	return self->room[LAB_MAX_ORDER];
}

uint64_t frames_room(const struct frames *self, unsigned order)
{
	assert(order <= LAB_MAX_ORDER);
	return self->room[order];
}

/* Lists. */

static void list_remove(struct frames *self, uint32_t extent)
{
	struct record *record = &self->records[extent];

	if (record->prev == NONE)
		self->first[record->bucket] = record->next;
	else
		self->records[record->prev].next = record->next;
	if (record->next != NONE)
		self->records[record->next].prev = record->prev;
	if (self->first[record->bucket] == NONE)
		self->filled &= ~(1u << record->bucket);
}

static void list_push(struct frames *self, uint32_t extent, uint32_t bucket)
{
	struct record *record = &self->records[extent];
	uint32_t next = self->first[bucket];

	*record = (struct record){.next = next, .prev = NONE, .bucket = bucket};
	if (next != NONE)
		self->records[next].prev = extent;
	self->first[bucket] = extent;
	self->filled |= 1u << bucket;
}

/* The bucket that an extent's bitmaps call for. */
static uint32_t bucket_of(const struct extent *map)
{
	return (uint32_t)(ORDER_0 + extent_largest(map));
}

static void list_move(struct frames *self, uint32_t extent, uint32_t bucket)
{
	if (bucket == self->records[extent].bucket)
		return;
	list_remove(self, extent);
	list_push(self, extent, bucket);
}

/* Extents. */

bool frames_present(const struct frames *self, uint32_t extent)
{
	assert(extent < self->extents);
	uint32_t bucket = self->records[extent].bucket;

	return bucket != ABSENT && bucket != LOST;
}

void frames_add(struct frames *self, uint32_t extent)
{
	assert(!frames_present(self, extent));
	lowest_take(&self->taken, extent);
	list_push(self, extent, ORDER_0 + LAB_MAX_ORDER);
	for (unsigned k = 0; k < ORDERS; k++)
		self->room[k] += LAB_EXTENT_PAGES >> k;
	self->present++;
}

void frames_close(struct frames *self, uint32_t extent)
{
	assert(frames_present(self, extent));
	const struct extent *map = &self->maps[extent];

	if (self->records[extent].bucket == CLOSED)
		return;
	for (unsigned k = 0; k < ORDERS; k++)
		self->room[k] -= extent_count_free(map, k);
	self->shut += extent_count_free(map, 0);
	list_remove(self, extent);
	self->records[extent].bucket = CLOSED;
}

void frames_open(struct frames *self, uint32_t extent)
{
	assert(frames_present(self, extent));
	const struct extent *map = &self->maps[extent];

	if (self->records[extent].bucket != CLOSED)
		return;
	for (unsigned k = 0; k < ORDERS; k++)
		self->room[k] += extent_count_free(map, k);
	self->shut -= extent_count_free(map, 0);
	list_push(self, extent, bucket_of(map));
}

/* Count a present extent, and its free blocks, out. */
static void leave(struct frames *self, uint32_t extent, uint32_t bucket)
{
	struct extent *map = &self->maps[extent];

	frames_close(self, extent);
	self->shut -= extent_count_free(map, 0);
	self->present--;
	self->records[extent].bucket = bucket;
	memset(map, 0, sizeof(*map));
}

void frames_remove(struct frames *self, uint32_t extent)
{
	assert(frames_present(self, extent));
	assert(frames_idle(self, extent));
	leave(self, extent, ABSENT);
	lowest_free(&self->taken, extent);
}

void frames_lose(struct frames *self, uint32_t extent)
{
	assert(frames_present(self, extent));
	leave(self, extent, LOST);
}

bool frames_idle(const struct frames *self, uint32_t extent)
{
	assert(frames_present(self, extent));
	return bucket_of(&self->maps[extent]) == ORDER_0 + LAB_MAX_ORDER;
}

int frames_absent(const struct frames *self, uint32_t *extent)
{
	return lowest_find(&self->taken, extent);
}

int frames_spare(const struct frames *self, uint32_t *extent)
{
	uint32_t first = self->first[ORDER_0 + LAB_MAX_ORDER];

	if (first == NONE)
		return -ENOENT;
	*extent = first;
	return 0;
}

/* Grants. */

/*
 * Count a free block of this order in or out; `merged` is the largest free
 * block that it is part of.
 */
static void room_add(struct frames *self, unsigned order, unsigned merged)
{
	for (unsigned k = 0; k <= merged; k++)
		self->room[k] += k <= order ? 1u << (order - k) : 1;
}

static void room_subtract(struct frames *self, unsigned order, unsigned merged)
{
	for (unsigned k = 0; k <= merged; k++)
		self->room[k] -= k <= order ? 1u << (order - k) : 1;
}

int frames_grant(struct frames *self, unsigned order, uint32_t *page)
{
	assert(order <= LAB_MAX_ORDER);
	uint32_t fitting = self->filled & (UINT32_MAX << (ORDER_0 + order));

	if (fitting == 0)
		return -ENOMEM;
	uint32_t extent = self->first[__builtin_ctz(fitting)];
	struct extent *map = &self->maps[extent];
	unsigned at = extent_grant(map, order);
	unsigned broken = extent_merged(map, at, order);

	room_subtract(self, order, broken);
	/* Where a smaller one was broken, the largest is still free. */
	if (self->records[extent].bucket == ORDER_0 + broken)
		list_move(self, extent, bucket_of(map));
	*page = extent * LAB_EXTENT_PAGES + at;
	return 0;
}

int frames_grant_bulk(struct frames *self, unsigned order, unsigned count,
		      uint32_t *pages)
{
	assert(order <= LAB_MAX_ORDER);
	if (self->room[order] < count)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		int r = frames_grant(self, order, &pages[i]);

		if (r < 0)
			abort(); /* room[] is exact: never */
	}
	return 0;
}

int frames_check_release(const struct frames *self, uint32_t page,
			 unsigned order)
{
	if (!frames_present(self, extent_of(page)))
		return -EACCES;
	return extent_check_release(&self->maps[extent_of(page)],
				    page_within(page), order);
}

void frames_release(struct frames *self, uint32_t page, unsigned order)
{
	assert(frames_present(self, extent_of(page)));
	struct extent *map = &self->maps[extent_of(page)];
	unsigned at = page_within(page);

	extent_release(map, at, order);
	if (self->records[extent_of(page)].bucket == CLOSED) {
		self->shut += 1u << order;
		return;
	}
	unsigned made = extent_merged(map, at, order);

	room_add(self, order, made);
	if (self->records[extent_of(page)].bucket < ORDER_0 + made)
		list_move(self, extent_of(page), ORDER_0 + made);
}

/* A grant that passed stays marked until the end, which unmasks a second
 * mention of it. */
int frames_check_release_bulk(struct frames *self, unsigned order,
			      unsigned count, const uint32_t *pages)
{
	unsigned passed;
	int r = 0;

	for (passed = 0; passed < count; passed++) {
		uint32_t page = pages[passed];

		r = frames_check_release(self, page, order);
		if (r < 0)
			break;
		extent_mark(&self->maps[extent_of(page)], page_within(page));
	}
	for (unsigned i = 0; i < passed; i++)
		extent_unmark(&self->maps[extent_of(pages[i])],
			      page_within(pages[i]));
	return r;
}

int frames_inspect(const struct frames *self, uint32_t page)
{
	if (!frames_present(self, extent_of(page)))
		return -EACCES;
	return extent_inspect(&self->maps[extent_of(page)], page_within(page));
}

/* Validation. */

static void require(bool holds, const char *what, uint32_t extent)
{
	if (holds)
		return;
	fprintf(stderr, "page allocator: extent %u: %s\n", extent, what);
	abort();
}

static bool never_used(const struct extent *map)
{
	static const struct extent fresh;

	return memcmp(map, &fresh, sizeof(fresh)) == 0;
}

/* Adds the extent's free blocks to room[], or its pages to *shut. */
static void validate_extent(const struct frames *self, uint32_t extent,
			    uint32_t *room, uint32_t *shut)
{
	const struct extent *map = &self->maps[extent];
	bool present = frames_present(self, extent);

	bool lost = self->records[extent].bucket == LOST;

	require(lowest_taken(&self->taken, extent) == (present || lost),
		"the index of absent extents is wrong", extent);
	if (!present) {
		require(never_used(map), "absent, but not cleared", extent);
		return;
	}
	const char *fault = extent_fault(map);

	require(fault == NULL, fault, extent);
	if (self->records[extent].bucket == CLOSED) {
		*shut += extent_count_free(map, 0);
		return;
	}
	require(self->records[extent].bucket == bucket_of(map),
		"on the list of another free order", extent);
	for (unsigned k = 0; k < ORDERS; k++)
		room[k] += extent_count_free(map, k);
}

/* How many extents this list has; each must say that it is on it. */
static uint32_t validate_list(const struct frames *self, uint32_t bucket)
{
	uint32_t prev = NONE;
	uint32_t length = 0;

	for (uint32_t at = self->first[bucket]; at != NONE;
	     at = self->records[at].next) {
		require(at < self->extents, "a link leads nowhere", at);
		require(self->records[at].bucket == bucket,
			"on a list that is not its own", at);
		require(self->records[at].prev == prev, "its list is torn", at);
		require(length < self->present, "its list never ends", at);
		prev = at;
		length++;
	}
	require((self->filled >> bucket & 1) == (length > 0),
		"the set of lists that are not empty is wrong", bucket);
	return length;
}

void frames_validate(const struct frames *self)
{
	uint32_t room[ORDERS] = {0};
	uint32_t present = 0;
	uint32_t listed = 0;
	uint32_t shut = 0;

	for (uint32_t extent = 0; extent < self->extents; extent++) {
		present += frames_present(self, extent);
		listed += self->records[extent].bucket == CLOSED;
		validate_extent(self, extent, room, &shut);
	}
	require(self->present == present, "the number present is wrong", NONE);
	require(self->shut == shut, "the number of free pages is wrong", NONE);
	for (unsigned k = 0; k < ORDERS; k++)
		require(self->room[k] == room[k],
			"the number of free blocks is wrong", NONE);
	for (uint32_t bucket = FULL; bucket < BUCKETS; bucket++)
		listed += validate_list(self, bucket);
	require(listed == present, "some extent is on no list", NONE);
}
