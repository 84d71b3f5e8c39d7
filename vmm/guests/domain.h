/* SPDX-License-Identifier: MIT */
/*
 * A guest that can be started: what a libvirt domain XML says of it, and that
 * XML. docs/domain-xml.md is the prose twin of what is accepted.
 */
#ifndef LABYRINTH_GUESTS_DOMAIN_H
#define LABYRINTH_GUESTS_DOMAIN_H

#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"

#define DOMAIN_XML_MAX	  65536		   /* bytes of an XML text */
#define DOMAIN_ARGS_MAX	  32		   /* words of a command line */
#define DOMAIN_LEASES_MAX UINT64_C(524288) /* 1 TiB: what a VMM maps */

struct domain {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16];
	char pool[LAB_NAME_MAX];
	uint64_t maximum;   /* leases that its limit may ever be */
	uint64_t limit;	    /* leases that it may hold, <= maximum */
	uint64_t guarantee; /* leases, <= limit */
	uint64_t memory;    /* boot RAM, leases, 1 to guarantee */
	uint32_t cpus;	    /* 1 to LAB_CPUS_MAX */
	char *kernel;	    /* an absolute path */
	char *cmdline;	    /* words with blanks between them; or NULL */
	/* Said of it by its owner, for its owner; NULL where nothing was. */
	char *title;
	char *description;
	char *metadata; /* elements of others, whole, as XML */
};

/*
 * Read a domain XML: every element and attribute that would make another
 * machine than ours is refused by its name. 0, and the caller calls
 * domain_clear(); or -EBADMSG for what is no XML, -ENOTSUP for what is no
 * guest of ours, -EINVAL for numbers that do not fit each other, -ENOMEM.
 * Nothing is opened, neither network nor file: the text is all there is.
 */
int domain_read(struct domain *self, const char *xml, struct err *err);

/* The XML that domain_read() reads the same from; NULL without memory. */
char *domain_write(const struct domain *self);

/*
 * The element of a namespace in that XML's <metadata>, by itself: 0, and *out
 * is the caller's; -ENOENT where there is none, or -ENOMEM.
 */
int domain_element(const struct domain *self, const char *uri, char **out);

/* Free what it owns. */
void domain_clear(struct domain *self);

#endif
