/* SPDX-License-Identifier: MIT */
/*
 * What may be done to guests, as functions that the program hands to rpc/. The
 * only thing that rpc/ knows of guests/. All of them run on the event loop and
 * do not wait; each returns 0, or a negated errno with a sentence in err.
 */
#ifndef LABYRINTH_GUESTS_ACT_H
#define LABYRINTH_GUESTS_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"

/* A guest that is known by its XML, whether it runs or not. */
struct act_domain {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16];
	bool defined; /* kept on disk; else there only while it runs */
	bool autostart;
	uint32_t cpus;
	/* Leases, as it is started with. */
	uint64_t maximum;
	uint64_t limit;
	uint64_t guarantee;
	const char *kernel;
	const char *cmdline; /* NULL: none; as these: */
	const char *title;
	const char *description;
};

/* A start under way, of the one who asked for it, who must not go away with
 * it: act_source.forget() first. */
struct act_wait {
	/* It has started, or not: r and err as of a function of this file. */
	void (*done)(struct act_wait *self, int r, const struct err *err);
	void *run; /* guests/'s; NULL: nothing is under way */
};

/* A pool that is known, whether it is active or not. */
struct act_pool {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16];
	bool defined;	/* kept on disk, or the daemon's options have it */
	bool autostart; /* started with the host */
	uint64_t size;	/* leases, as it is started with */
};

/*
 * What may be done to pools, as act_source has it for guests. Changing what is
 * the daemon's options' is -EPERM.
 */
struct act_pools {
	/* The pool after another, or the first after NULL; NULL at the end. */
	const struct act_pool *(*next)(void *context,
				       const struct act_pool *after);
	char *(*xml)(void *context, const struct act_pool *pool);
	int (*define)(void *context, const char *xml, uint8_t uuid[16],
		      struct err *err);
	/* -EBUSY while it is active. */
	int (*undefine)(void *context, const struct act_pool *pool,
			struct err *err);
	int (*autostart)(void *context, const struct act_pool *pool,
			 bool autostart, struct err *err);
	/* wait->done() when all leases are there, or no more can be had. */
	int (*start)(void *context, const struct act_pool *pool,
		     struct act_wait *wait, struct err *err);
	int (*create)(void *context, const char *xml, uint8_t uuid[16],
		      struct act_wait *wait, struct err *err);
	void (*forget)(void *context, struct act_wait *wait);
	/* -EBUSY while a guest has any of it. */
	int (*stop)(void *context, const struct act_pool *pool,
		    struct err *err);
	void *context;
};

/* Somebody who reads a console. */
struct act_listener {
	void (*news)(struct act_listener *self); /* there is more to read */
	void (*over)(struct act_listener *self); /* and there will be none */
	void *console;				 /* guests/'s */
	struct act_listener *next;
	struct act_listener **link; /* NULL: it does not listen */
};

/* No more news for it. */
static inline void act_unlisten(struct act_listener *self)
{
	if (self->link == NULL)
		return;
	*self->link = self->next;
	if (self->next != NULL)
		self->next->link = self->link;
	self->link = NULL;
}

struct act_source {
	/*
	 * End the running guest of this id at once, or ask it to end: see
	 * broker/command.h.
	 */
	int (*destroy)(void *context, uint32_t id, struct err *err);
	int (*shutdown)(void *context, uint32_t id, struct err *err);

	/*
	 * Move the limit of the running guest of this id, in leases: see
	 * broker/command.h. -ERANGE for one that cannot be.
	 */
	int (*set_limit)(void *context, uint32_t id, uint64_t leases,
			 struct err *err);
	/* The same, or the most that it may ever be, in what is kept. */
	int (*keep_limit)(void *context, const struct act_domain *domain,
			  uint64_t limit, struct err *err);
	int (*keep_maximum)(void *context, const struct act_domain *domain,
			    uint64_t maximum, struct err *err);

	/* The domain after another, or the first after NULL; NULL at the end.
	 * All are valid until something is done. */
	const struct act_domain *(*next)(void *context,
					 const struct act_domain *after);
	/* The XML that it is started from; the caller's, NULL without memory.
	 */
	char *(*xml)(void *context, const struct act_domain *domain);
	/* The element of a namespace in that XML's metadata: 0, and it is the
	 * caller's; -ENOENT without one, or -ENOMEM. */
	int (*metadata)(void *context, const struct act_domain *domain,
			const char *uri, char **out);

	/* Keep a domain, new or changed: its uuid. -EEXIST for a name or uuid
	 * of another, or what guests/domain.h refuses. */
	int (*define)(void *context, const char *xml, uint8_t uuid[16],
		      struct err *err);
	int (*undefine)(void *context, const struct act_domain *domain,
			struct err *err);
	int (*autostart)(void *context, const struct act_domain *domain,
			 bool autostart, struct err *err);

	/*
	 * Start one that is kept, or one that is not, from its XML. 0: it is
	 * under way, and wait->done() says how it ended. -EBUSY when it runs.
	 */
	int (*start)(void *context, const struct act_domain *domain,
		     struct act_wait *wait, struct err *err);
	int (*create)(void *context, const char *xml, uint8_t uuid[16],
		      struct act_wait *wait, struct err *err);
	/* Let a start go on by itself. */
	void (*forget)(void *context, struct act_wait *wait);

	/*
	 * Listen to the console of a running guest, by its name, until it ends
	 * or act_unlisten(). -ENXIO where it has none: it was not started here.
	 */
	int (*listen)(void *context, const char *name,
		      struct act_listener *listener, struct err *err);
	/* Bytes from *at on, which moves on; how many, at most `most`. */
	size_t (*read_console)(void *context, struct act_listener *listener,
			       uint64_t *at, void *to, size_t most);

	const struct act_pools *pools; /* NULL: they are as they are */
	void *context;
};

#endif
