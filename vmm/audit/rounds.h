/* SPDX-License-Identifier: MIT */
/*
 * Looks until they agree. A VMM that was just handed a lease has not mapped it
 * yet, one that gives it back has unmapped it already: so what one look finds
 * is believed only if every look after it finds it too, of the same lease. A
 * look without a difference ends it, and so does the last one.
 */
#ifndef LABYRINTH_AUDIT_ROUNDS_H
#define LABYRINTH_AUDIT_ROUNDS_H

#include "audit/look.h"

/* Looks at most, and what lies between the first two; then twice as much. */
#define ROUNDS_MAX	6
#define ROUNDS_PAUSE_MS 50

struct rounds {
	struct look last; /* its differences are those that every look had */
	unsigned int looks;
};

/* 0, and rounds_free() after it; or a negated errno and a sentence. */
int rounds_run(struct rounds *self, const char *path, const char *pool,
	       struct err *err);

void rounds_free(struct rounds *self);

#endif
