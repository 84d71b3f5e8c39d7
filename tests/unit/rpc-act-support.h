/* SPDX-License-Identifier: MIT */
/*
 * A doer that notes what it was asked, for tests of calls that act. Include
 * after cmocka.h.
 */
#ifndef LABYRINTH_TESTS_RPC_ACT_SUPPORT_H
#define LABYRINTH_TESTS_RPC_ACT_SUPPORT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "guests/act.h"
#include "rpc-packet.h"
#include "rpc/session.h"

#define CODEC(type) (xdrproc_t) xdr_##type

/* What was asked last, and what the doer says to it. */
static char asked[256];
static int answer;
static struct act_wait *waiting;
static int forgotten;

static int say(struct err *err)
{
	return answer < 0 ? err_say(err, -answer, "the doer says no") : 0;
}

static int destroy(void *context, uint32_t id, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "destroy %u", id);
	return say(err);
}

static int ask_to_end(void *context, uint32_t id, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "shutdown %u", id);
	return say(err);
}

static int set_limit(void *context, uint32_t id, uint64_t leases,
		     struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "limit %u %d;", id, (int)leases);
	return say(err);
}

static int keep_limit(void *context, const struct act_domain *domain,
		      uint64_t limit, struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "keep %s %d;", domain->name, (int)limit);
	return say(err);
}

static int keep_maximum(void *context, const struct act_domain *domain,
			uint64_t maximum, struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "maximum %s %d;", domain->name, (int)maximum);
	return say(err);
}

/* A console: what was printed, and who listens. */
static char printed[200000];
static size_t printed_bytes;
static struct act_listener *listener;

static int listen_to(void *context, const char *name, struct act_listener *self,
		     struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "listen %s", name);
	self->next = NULL;
	self->link = &listener;
	listener = self;
	return say(err);
}

static size_t read_console(void *context, struct act_listener *self,
			   uint64_t *at, void *to, size_t most)
{
	size_t count = printed_bytes - *at;

	(void)context, (void)self;
	if (count > most)
		count = most;
	memcpy(to, printed + *at, count);
	*at += count;
	return count;
}

static inline void print(const char *text)
{
	strcpy(printed + printed_bytes, text);
	printed_bytes += strlen(text);
	if (listener != NULL)
		listener->news(listener);
}

/* One that runs, alpha, and one that does not. */
static struct act_domain domains[] = {
	{.name = "alpha",
	 .uuid = "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7"
		 "\xa8\xa9\xaa\xab\xac\xad\xae\xaf",
	 .defined = true,
	 .autostart = true,
	 .cpus = 2,
	 .maximum = 64,
	 .limit = 32,
	 .kernel = "/k"},
	{.name = "gamma",
	 .uuid = "\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7"
		 "\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf",
	 .defined = true,
	 .cpus = 3,
	 .maximum = 16,
	 .limit = 8,
	 .guarantee = 4,
	 .kernel = "/k",
	 .description = "a third"},
};

static const struct act_domain *next(void *context,
				     const struct act_domain *after)
{
	(void)context;
	if (after == NULL)
		return &domains[0];
	return after == &domains[0] ? &domains[1] : NULL;
}

static char *xml(void *context, const struct act_domain *domain)
{
	char text[128];

	(void)context;
	snprintf(text, sizeof(text), "<inactive>%s</inactive>", domain->name);
	return strdup(text);
}

/* There is one, of urn:note. */
static int metadata(void *context, const struct act_domain *domain,
		    const char *uri, char **out)
{
	(void)context;
	if (strcmp(uri, "urn:note") != 0)
		return -ENOENT;
	*out = strdup(domain->name);
	return *out != NULL ? 0 : -ENOMEM;
}

static int define(void *context, const char *text, uint8_t uuid[16],
		  struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "define %s", text);
	memcpy(uuid, domains[1].uuid, 16);
	return say(err);
}

static int undefine(void *context, const struct act_domain *domain,
		    struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "undefine %s", domain->name);
	return say(err);
}

static int autostart(void *context, const struct act_domain *domain, bool on,
		     struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "autostart %s %d", domain->name, on);
	return say(err);
}

static int start(void *context, const struct act_domain *domain,
		 struct act_wait *wait, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "start %s", domain->name);
	waiting = wait;
	wait->run = &waiting;
	return say(err);
}

static int create(void *context, const char *text, uint8_t uuid[16],
		  struct act_wait *wait, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "create %s", text);
	memcpy(uuid, domains[1].uuid, 16);
	waiting = wait;
	wait->run = &waiting;
	return say(err);
}

static void forget(void *context, struct act_wait *wait)
{
	(void)context;
	wait->run = NULL;
	forgotten++;
}

static const struct act_source acts = {
	.destroy = destroy,
	.shutdown = ask_to_end,
	.set_limit = set_limit,
	.keep_limit = keep_limit,
	.keep_maximum = keep_maximum,
	.next = next,
	.xml = xml,
	.metadata = metadata,
	.define = define,
	.undefine = undefine,
	.autostart = autostart,
	.start = start,
	.create = create,
	.forget = forget,
	.listen = listen_to,
	.read_console = read_console,
};

static inline rmt_dom dom_of(int i)
{
	rmt_dom dom = {.name = domains[i].name, .id = -1};

	memcpy(dom.uuid, domains[i].uuid, 16);
	return dom;
}

static inline int setup(void **state)
{
	(void)state;
	asked[0] = '\0';
	answer = 0;
	waiting = NULL;
	forgotten = 0;
	printed_bytes = 0;
	listener = NULL;
	return 0;
}

/* A session that may act. */
static inline struct rpc_session actor(void)
{
	return (struct rpc_session){.opened = true, .acts = &acts};
}

#endif
