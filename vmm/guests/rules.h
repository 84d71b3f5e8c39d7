/* SPDX-License-Identifier: MIT */
/*
 * An XML text against a table of what may be in it: what the table does not
 * have is refused, by its path. Knows no element.
 */
#ifndef LABYRINTH_GUESTS_RULES_H
#define LABYRINTH_GUESTS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include <labyrinth/lease.h>

#include "base/err.h"

#define RULE_VALUES	3
#define RULE_ATTRIBUTES 5
#define RULE_TEXT_MAX	4096 /* bytes of any text, with its NUL */

/* An attribute, and the values that it may have; without any: whatever. */
struct rule_attribute {
	const char *name;
	const char *values[RULE_VALUES];
};

/* An element: what it may have, and who takes its text. */
struct rule {
	const char *name;
	struct rule_attribute attributes[RULE_ATTRIBUTES];
	const char *texts[RULE_VALUES]; /* that it may have; without any:
					   whatever */
	/* Takes its text; 0, or what rules_refuse() returned. */
	int (*take)(void *context, xmlNodePtr node, const char *text,
		    struct err *err);
	bool whole; /* take looks at all that is in it: text is NULL */
	const struct rule *children; /* up to one without a name */
	bool skipped;		     /* says nothing here, whatever is in it */
	bool many;		     /* there may be several */
	const char *refused;	     /* why there may be none, and what to do */
	bool ours; /* in our namespace, below one that is not */
};

/*
 * Parse the XML text of a `what` ("domain"), of at most `most` bytes: no
 * network, no files, no entities (a document type is refused when it begins).
 * The document is the caller's to free; NULL with err set (-EBADMSG, -ENOMEM).
 */
xmlDocPtr rules_parse(const char *xml, const char *what, size_t most,
		      struct err *err);

/* Refuse a node by its path: "PATH: why". Returns -code. */
int rules_refuse(struct err *err, int code, xmlNodePtr node, const char *why);

/* Is an element in our own namespace? */
bool rules_ours(const xmlNode *node);

/* Its text as a name of ours, which guests and pools have. 0 or -EINVAL. */
int rules_name(char name[LAB_NAME_MAX], xmlNodePtr node, const char *text,
	       struct err *err);

/* Its text as a size of at most so many leases, in its `unit` or else in this
 * one: rounded up to whole leases, 1 at least. 0, -EINVAL, or -ENOTSUP for an
 * unknown unit. */
int rules_size(uint64_t *leases, const char *unit, xmlNodePtr node,
	       const char *text, uint64_t most, struct err *err);

/* A decimal number below 2^63; false for anything else. */
bool rules_number(const char *text, uint64_t *number);

/*
 * Hold an element and all below it against its rule, and have the rules take
 * what they want, with their context. 0, or the first refusal: -ENOTSUP for
 * what is not in the rules, -EINVAL for a text that is too long, -ENOMEM.
 */
int rules_walk(const struct rule *rule, xmlNodePtr node, void *context,
	       struct err *err);

/* The same with a whole document, whose root has to be the rule's. */
int rules_root(const struct rule *rule, xmlDocPtr doc, void *context,
	       struct err *err);

#endif
