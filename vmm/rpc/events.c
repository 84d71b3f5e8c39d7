/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>

#include <labyrinth/hypercall.h>

#include "rpc/frame.h"

int events_add(struct events *self, const struct events_wish *wish)
{
	unsigned free_one = 0;

	if (self->wishes == NULL)
		self->wishes = calloc(EVENTS_MAX, sizeof(*self->wishes));
	if (self->wishes == NULL)
		return -ENOMEM;
	while (free_one < EVENTS_MAX && self->wishes[free_one].callback != 0)
		free_one++;
	if (free_one == EVENTS_MAX || self->last == INT32_MAX)
		return -ENOSPC;
	self->wishes[free_one] = *wish;
	self->wishes[free_one].callback = ++self->last;
	self->count++;
	return self->last;
}

int events_remove(struct events *self, enum events_kind kind, int callback)
{
	for (unsigned i = 0; callback > 0 && self->count > 0 && i < EVENTS_MAX;
	     i++) {
		struct events_wish *wish = &self->wishes[i];
		if (wish->callback != callback || wish->kind != kind)
			continue;
		wish->callback = 0;
		self->count--;
		return 0;
	}
	return -ENOENT;
}

bool events_wants(const struct events *self, enum events_kind kind, int event)
{
	for (unsigned i = 0; self->count > 0 && i < EVENTS_MAX; i++) {
		const struct events_wish *wish = &self->wishes[i];
		if (wish->callback != 0 && wish->kind == kind &&
		    wish->event == event)
			return true;
	}
	return false;
}

void events_clear(struct events *self)
{
	free(self->wishes);
	*self = (struct events){0};
}

/* A message in the making: its callback is a part of it. */
struct message {
	enum events_kind kind;
	int event;
	const uint8_t *uuid; /* of what it is about */
	int procedure;
	xdrproc_t codec;
	void *value;
	int *callback; /* in value */
};

static int tell(const struct events *self, const struct message *message,
		struct events_packet *packets)
{
	const struct virnet_header header = {
		.program = VIRNET_PROGRAM_REMOTE,
		.version = VIRNET_PROGRAM_VERSION,
		.procedure = message->procedure,
		.type = VIRNET_MESSAGE,
	};
	int count = 0;

	for (unsigned i = 0; self->count > 0 && i < EVENTS_MAX; i++) {
		const struct events_wish *wish = &self->wishes[i];
		if (wish->callback == 0 || wish->kind != message->kind ||
		    wish->event != message->event ||
		    (wish->one && memcmp(wish->uuid, message->uuid,
					 sizeof(wish->uuid)) != 0))
			continue;
		*message->callback = wish->callback;
		struct events_packet *to = &packets[count];
		if (frame_make(&header, message->codec, message->value,
			       &to->bytes, &to->length) < 0) {
			while (count > 0)
				free(packets[--count].bytes);
			return -ENOMEM;
		}
		count++;
	}
	return count;
}

static rmt_dom dom_of(const char *name, const uint8_t *uuid, int id)
{
	rmt_dom dom = {.name = (char *)(uintptr_t)name, .id = id};

	memcpy(dom.uuid, uuid, sizeof(dom.uuid));
	return dom;
}

static int stopped_detail(enum view_end end)
{
	switch (end) {
	case VIEW_END_FAILED:
		return VIR_DOMAIN_EVENT_STOPPED_FAILED;
	case VIEW_END_DESTROYED:
		return VIR_DOMAIN_EVENT_STOPPED_DESTROYED;
	case VIEW_END_GONE:
		break;
	}
	return VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN;
}

/* What has become of a guest, as libvirt numbers it. */
static rmt_dom_lifecycle lifecycle_of(const struct view_event *event)
{
	rmt_dom_lifecycle value = {0};

	switch (event->what) {
	case VIEW_GUEST_STARTED:
		value.event = VIR_DOMAIN_EVENT_STARTED;
		value.detail = VIR_DOMAIN_EVENT_STARTED_BOOTED;
		break;
	case VIEW_GUEST_DEFINED:
		value.event = VIR_DOMAIN_EVENT_DEFINED;
		value.detail = event->changed ? VIR_DOMAIN_EVENT_DEFINED_UPDATED
					      : VIR_DOMAIN_EVENT_DEFINED_ADDED;
		break;
	case VIEW_GUEST_UNDEFINED:
		value.event = VIR_DOMAIN_EVENT_UNDEFINED;
		value.detail = VIR_DOMAIN_EVENT_UNDEFINED_REMOVED;
		break;
	default:
		value.event = VIR_DOMAIN_EVENT_STOPPED;
		value.detail = stopped_detail(event->end);
	}
	return value;
}

static int tell_lifecycle(const struct events *self,
			  const struct view_event *event,
			  struct events_packet *packets)
{
	rmt_dom_lifecycle value = lifecycle_of(event);
	const struct message message = {
		.kind = EVENTS_DOMAIN,
		.event = VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		.uuid = event->uuid,
		.procedure = RMT_DOMAIN_EVENT_LIFECYCLE,
		.codec = (xdrproc_t)xdr_rmt_dom_lifecycle,
		.value = &value,
		.callback = &value.callback,
	};
	/* It has no id any more when it has stopped. */
	bool runs = event->id != 0 && event->what != VIEW_GUEST_ENDED;

	value.dom =
		dom_of(event->name, event->uuid, runs ? (int)event->id : -1);
	return tell(self, &message, packets);
}

static int pool_event_of(enum view_happening what)
{
	switch (what) {
	case VIEW_POOL_STARTED:
		return VIR_STORAGE_POOL_EVENT_STARTED;
	case VIEW_POOL_STOPPED:
		return VIR_STORAGE_POOL_EVENT_STOPPED;
	case VIEW_POOL_DEFINED:
		return VIR_STORAGE_POOL_EVENT_DEFINED;
	default:
		return VIR_STORAGE_POOL_EVENT_UNDEFINED;
	}
}

static int tell_pool(const struct events *self, const struct view_event *event,
		     struct events_packet *packets)
{
	rmt_pool_lifecycle value = {
		.pool.name = (char *)(uintptr_t)event->name,
		.event = pool_event_of(event->what),
	};
	const struct message message = {
		.kind = EVENTS_POOL,
		.event = VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
		.uuid = event->uuid,
		.procedure = RMT_POOL_EVENT_LIFECYCLE,
		.codec = (xdrproc_t)xdr_rmt_pool_lifecycle,
		.value = &value,
		.callback = &value.callback,
	};

	memcpy(value.pool.uuid, event->uuid, sizeof(value.pool.uuid));
	return tell(self, &message, packets);
}

static int tell_refresh(const struct events *self,
			const struct view_event *event,
			struct events_packet *packets)
{
	rmt_pool_refresh value = {
		.pool.name = (char *)(uintptr_t)event->name,
	};
	const struct message message = {
		.kind = EVENTS_POOL,
		.event = VIR_STORAGE_POOL_EVENT_ID_REFRESH,
		.uuid = event->uuid,
		.procedure = RMT_POOL_EVENT_REFRESH,
		.codec = (xdrproc_t)xdr_rmt_pool_refresh,
		.value = &value,
		.callback = &value.callback,
	};

	memcpy(value.pool.uuid, event->uuid, sizeof(value.pool.uuid));
	return tell(self, &message, packets);
}

int events_tell(const struct events *self, const struct view_event *event,
		struct events_packet *packets)
{
	if (event->what == VIEW_POOL_REFRESHED)
		return tell_refresh(self, event, packets);
	if (view_is_of_pool(event->what))
		return tell_pool(self, event, packets);
	return tell_lifecycle(self, event, packets);
}

int events_tell_balloon(const struct events *self,
			const struct view_guest *guest,
			struct events_packet *packets)
{
	rmt_dom_balloon value = {
		.dom = dom_of(guest->name, guest->uuid, (int)guest->id),
		.actual = guest->leases * (LAB_EXTENT_SIZE / 1024),
	};
	const struct message message = {
		.kind = EVENTS_DOMAIN,
		.event = VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
		.uuid = guest->uuid,
		.procedure = RMT_DOMAIN_EVENT_BALLOON,
		.codec = (xdrproc_t)xdr_rmt_dom_balloon,
		.value = &value,
		.callback = &value.callback,
	};

	return tell(self, &message, packets);
}
