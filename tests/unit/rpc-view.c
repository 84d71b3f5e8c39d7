/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc-view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rpc_view_alive;
size_t rpc_view_guests;
uint64_t rpc_view_more;

static struct view_pool pools[] = {
	{
		.name = "default",
		.uuid = "\x10\x11\x12\x13\x14\x15\x16\x17"
			"\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
		.backing = LAB_BACKING_SHMEM,
		.size = 128,
		.total = 128,
		.blank = 100,
		.leased = 20,
		.revoking = 2,
		.dirty = 6,
		.guaranteed = 16,
		.available = 106,
		.min = 2,
		.low = 3,
		.high = 4,
		.level = LAB_LEASE_LEVEL_NONE,
	},
	{
		.name = "huge",
		.uuid = "\x20\x21\x22\x23\x24\x25\x26\x27"
			"\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f",
		.backing = LAB_BACKING_HUGETLB,
		.bound = true,
		.node = 1,
		.size = 64,
		.total = 64,
		.blank = 63,
		.withdrawn = 1,
		.available = 1,
		.min = 1,
		.low = 2,
		.high = 3,
		.level = LAB_LEASE_LEVEL_CRITICAL,
	},
};

/* More than the kernel ever gives to a process. */
#define NOBODY (1 << 23)

static const struct view_guest guests[] = {
	{
		.id = 1,
		.name = "alpha",
		.uuid = "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7"
			"\xa8\xa9\xaa\xab\xac\xad\xae\xaf",
		.pid = NOBODY,
		.cpus = 4,
		.memory = 4,
		.guarantee = 8,
		.limit = 32,
		.maximum = 32,
		.leases = 12,
		.has_tally = true,
		.tally =
			{
				.counts =
					{
						.grants_atomic = 1001,
						.grants_nowait = 1002,
						.grants_kernel = 1003,
						.failed_atomic = 11,
						.failed_nowait = 12,
						.failed_kernel = 13,
						.releases = 2000,
						.mistakes = 5,
						.calls = 5047,
						.refills = 3,
						.pages_min = 100,
						.pages_low = 125,
						.pages_high = UINT64_C(
							18446744073709551615),
						.level = 1,
					},
				.pages_granted = 1006,
				.pages_free = 3090,
			},
	},
	{
		.id = 7,
		.name = "beta <&> two",
		.uuid = "\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7"
			"\xb8\xb9\xba\xbb\xbc\xbd\xbe\xbf",
		.pid = NOBODY,
		.cpus = 1,
		.memory = 4,
		.guarantee = 8,
		.limit = 16,
		.maximum = 16,
		.leases = 8,
	},
};

static struct view *take(void *context)
{
	size_t count = rpc_view_guests > 0 ? rpc_view_guests : 2;
	struct view *view = calloc(1, sizeof(*view));

	(void)context;
	if (view == NULL)
		return NULL;
	rpc_view_alive++;
	view->pools = malloc(sizeof(pools));
	view->guests = calloc(count, sizeof(*view->guests));
	if (view->pools == NULL || view->guests == NULL) {
		view_free(view);
		return NULL;
	}
	memcpy(view->pools, pools, sizeof(pools));
	view->npools = 2;
	view->nguests = count;
	if (rpc_view_guests == 0) {
		memcpy(view->guests, guests, sizeof(guests));
		view->guests[0].leases += rpc_view_more;
		return view;
	}
	for (size_t i = 0; i < count; i++) {
		struct view_guest *guest = &view->guests[i];
		*guest = guests[0];
		guest->id = (uint32_t)i + 1;
		memcpy(guest->uuid, &guest->id, sizeof(guest->id));
		snprintf(guest->name, sizeof(guest->name), "guest-%zu", i);
	}
	return view;
}

void view_free(struct view *view)
{
	if (view == NULL || view->shares-- > 0)
		return;
	rpc_view_alive--;
	free(view->pools);
	free(view->guests);
	free(view);
}

static int resize(void *context, const char *pool, uint64_t leases,
		  struct err *err)
{
	struct view_pool *found =
		strcmp(pool, pools[0].name) == 0 ? &pools[0] : &pools[1];
	(void)context;

	if (leases == 0)
		return err_say(err, EINVAL, "not that, nothing is changed");
	if (leases > 1000)
		return err_say(err, ENOMEM, "too much, nothing is changed");
	found->size = leases;
	return 0;
}

/* Of the first, eight in a row and one by itself; more than are told. */
static size_t leases(void *context, uint32_t guest, struct view_lease *to,
		     size_t most, uint64_t *left)
{
	(void)context;
	*left = 0;
	if (guest != 1 || most < 2)
		return 0;
	to[0] = (struct view_lease){16, 8, 3};
	to[1] = (struct view_lease){40, 1, 1};
	*left = 3;
	return 2;
}

const struct view_source rpc_view_source = {
	.take = take, .resize = resize, .leases = leases};
