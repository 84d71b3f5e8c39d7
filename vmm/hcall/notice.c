/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/notice.h"

#include <errno.h>

#include "base/probe.h"
#include "machine/gpa.h"

_Static_assert((int)LAB_NOTICES == (int)LAB_REVOKING_MAX,
	       "notices of the two contracts");

/* Of boot RAM, which the guest cannot give up. */
#define NOWHERE UINT32_MAX

static struct notice *find(struct notices *self, uint64_t lease)
{
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		if (self->notice[i].stands && self->notice[i].lease == lease)
			return &self->notice[i];
	return NULL;
}

static struct notice *unused(struct notices *self)
{
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		if (!self->notice[i].stands)
			return &self->notice[i];
	return NULL;
}

void notice_add(struct hcall_guest *guest, uint64_t lease, uint32_t extent,
		uint32_t ms)
{
	struct notices *self = &guest->notices;
	struct notice *notice = unused(self);
	bool in_window = extent >= guest->memory->ram;
	uint32_t n = extent - guest->memory->ram;

	/* No broker that keeps to the protocol says more, or it twice. */
	if (notice == NULL || find(self, lease) != NULL)
		return;
	*notice = (struct notice){
		.stands = true,
		.lease = lease,
		.extent = in_window ? n : NOWHERE,
	};
	self->count++;
	if (in_window) {
		window_close(guest->window, n);
		event_notice(&guest->events,
			     (unsigned int)(notice - self->notice),
			     gpa_of_page(n * LAB_EXTENT_PAGES), ms);
	}
}

static void forget(struct hcall_guest *guest, struct notice *notice)
{
	struct notices *self = &guest->notices;

	event_notice_over(&guest->events,
			  (unsigned int)(notice - self->notice));
	*notice = (struct notice){0};
	self->count--;
	if (self->given > self->count)
		self->given = self->count;
}

static void reopen(struct hcall_guest *guest, struct notice *notice)
{
	if (notice->extent != NOWHERE)
		window_open(guest->window, notice->extent);
	forget(guest, notice);
}

void notice_call_off(struct hcall_guest *guest, uint64_t lease)
{
	struct notices *self = &guest->notices;
	struct notice *notice = find(self, lease);

	if (notice == NULL)
		return;
	/* This is the one in whose place another went. */
	if (self->given > 0)
		self->given--;
	reopen(guest, notice);
}

void notice_end(struct hcall_guest *guest, uint64_t lease)
{
	struct notice *notice = find(&guest->notices, lease);

	if (notice != NULL)
		forget(guest, notice);
}

void notice_forget_all(struct hcall_guest *guest)
{
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		if (guest->notices.notice[i].stands)
			reopen(guest, &guest->notices.notice[i]);
}

int notice_answer(const struct hcall_guest *guest, uint32_t *extent)
{
	const struct notices *self = &guest->notices;

	if (self->count == 0 || guest->away)
		return -ENOENT;
	for (unsigned int i = 0; i < LAB_NOTICES; i++) {
		const struct notice *notice = &self->notice[i];
		if (!notice->stands || notice->extent == NOWHERE ||
		    !window_idle(guest->window, notice->extent))
			continue;
		*extent = notice->extent;
		return 0;
	}
	/* One for each: the broker says then that it does not take the other.
	 */
	if (self->given >= self->count)
		return -ENOENT;
	return window_spare(guest->window, extent);
}

void notice_given(struct hcall_guest *guest, uint32_t extent)
{
	struct notices *self = &guest->notices;

	PROBE(notice_given, extent);
	for (unsigned int i = 0; i < LAB_NOTICES; i++) {
		if (self->notice[i].stands &&
		    self->notice[i].extent == extent) {
			forget(guest, &self->notice[i]);
			return;
		}
	}
	self->given++;
}
