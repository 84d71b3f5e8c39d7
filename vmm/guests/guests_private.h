/* SPDX-License-Identifier: MIT */
/* What the files of guests.h share. Nobody else includes it. */
#ifndef LABYRINTH_GUESTS_GUESTS_PRIVATE_H
#define LABYRINTH_GUESTS_GUESTS_PRIVATE_H

#include "guests/console.h"
#include "guests/domain.h"
#include "guests/guests.h"
#include "guests/store.h"

/* A domain that is known. */
struct guests_entry {
	struct act_domain seen; /* first: what rpc/ knows of it */
	struct domain domain;
	struct guests_entry *next;
};

/* A VMM that was started here, until its process has ended. */
struct run {
	struct guests *guests;
	char name[LAB_NAME_MAX];
	pid_t pid;
	sd_event_source *ready; /* NULL: it is, or never will be */
	sd_event_source *ended;
	sd_event_source *late;
	struct act_wait *wait; /* who is to be told; or NULL */
	bool started;
	struct run *next;
};

/* The console of a started guest. */
struct screen {
	char name[LAB_NAME_MAX];
	struct console *console;
	struct screen *next;
};

struct guests {
	struct guests_terms terms;
	struct store store;
	struct guests_entry *entries;
	void *by_name; /* the same, as tsearch() has them */
	size_t nentries;
	struct run *runs;
	struct screen *screens;
	sd_event_source *watch; /* enabled when somebody is gone */
	struct view_listener listener;	  /* the broker's */
	const struct view_listener *told; /* whom it tells then */
};

/* guests_entries.c: what is known. */

struct guests_entry *guests_by_name(const struct guests *self,
				    const char *name);

/* A running guest of this name, or NULL. */
const struct guest *guests_running(const struct guests *self, const char *name);

/* Know a domain, which becomes the entry's: new, or instead of another of its
 * name. NULL without memory, and it is still the caller's. */
struct guests_entry *guests_know(struct guests *self, struct domain *domain);

/* Forget those that are neither kept nor run. */
void guests_prune(struct guests *self);

/* Forget all of them. */
void guests_clear(struct guests *self);

int guests_define(void *context, const char *xml, uint8_t uuid[16],
		  struct err *err);
int guests_undefine(void *context, const struct act_domain *domain,
		    struct err *err);
int guests_set_autostart(void *context, const struct act_domain *domain,
			 bool autostart, struct err *err);

int guests_keep_limit(void *context, const struct act_domain *domain,
		      uint64_t limit, struct err *err);
int guests_keep_maximum(void *context, const struct act_domain *domain,
			uint64_t maximum, struct err *err);

/* Read what is kept. */
int guests_load(struct guests *self, struct err *err);

/* Is this domain's name or uuid another's? -EEXIST and a sentence. */
int guests_check_new(const struct guests *self, const struct domain *domain,
		     struct err *err);

/* guests_runs.c: what was started. */

int guests_start(void *context, const struct act_domain *domain,
		 struct act_wait *wait, struct err *err);
int guests_create(void *context, const char *xml, uint8_t uuid[16],
		  struct act_wait *wait, struct err *err);
void guests_forget(void *context, struct act_wait *wait);
int guests_listen(void *context, const char *name,
		  struct act_listener *listener, struct err *err);
size_t guests_read_console(void *context, struct act_listener *listener,
			   uint64_t *at, void *to, size_t most);

/* Is one of this name on its way? */
bool guests_starting(const struct guests *self, const char *name);

/* Adopt the consoles of guests that run. */
void guests_find_screens(struct guests *self);

/* Those of guests that are gone end. */
void guests_prune_screens(struct guests *self);

void guests_free_runs(struct guests *self);

#endif
