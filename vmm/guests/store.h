/* SPDX-License-Identifier: MIT */
/*
 * Defined domains on disk: one folder, NAME.xml for each, and NAME.autostart
 * beside it where it is to be started with the host. A file is whole or not
 * there, whenever we are killed: it is written beside, synced, and renamed.
 */
#ifndef LABYRINTH_GUESTS_STORE_H
#define LABYRINTH_GUESTS_STORE_H

#include <stdbool.h>

#include "base/err.h"

struct store {
	int fd; /* of the folder; -1: nothing is kept */
	char path[256];
};

#define STORE_NONE       \
	{                \
		.fd = -1 \
	}

/* Open the folder, which is made (0700) if it is not there. 0 or an errno. */
int store_open(struct store *self, const char *path, struct err *err);

void store_close(struct store *self);

/*
 * Hand over each domain that is there: its name, its text (both the store's,
 * until `found` returns), whether it is autostarted. What cannot be read is
 * said, and left out; what an interrupted write has left is removed.
 */
int store_load(const struct store *self,
	       void (*found)(void *context, const char *name, const char *xml,
			     bool autostart),
	       void *context, struct err *err);

/* Keep a domain's text, instead of any before. When it returns 0 it is on
 * disk. -EROFS where nothing is kept. `name` is registry_name_valid(). */
int store_save(const struct store *self, const char *name, const char *xml,
	       struct err *err);

/* Keep whether it is autostarted; the same. */
int store_autostart(const struct store *self, const char *name, bool autostart,
		    struct err *err);

/* Forget it. 0 also when it was not there. */
int store_remove(const struct store *self, const char *name, struct err *err);

#endif
