/* SPDX-License-Identifier: MIT */
/* What an audit found, for people and for programs (docs/audit.md). */
#ifndef LABYRINTH_AUDIT_PRINT_H
#define LABYRINTH_AUDIT_PRINT_H

#include <stdio.h>

#include "audit/rounds.h"

/* Both return 0, or a negated errno when it could not be written. */
int print_text(const struct rounds *rounds, FILE *out);
int print_json(const struct rounds *rounds, FILE *out);

#endif
