/* SPDX-License-Identifier: MIT */
/*
 * A pool that can be started: what a libvirt storage-pool XML says of it, and
 * that XML. docs/pool-xml.md is the prose twin of what is accepted.
 */
#ifndef LABYRINTH_GUESTS_POOL_DEF_H
#define LABYRINTH_GUESTS_POOL_DEF_H

#include <stdint.h>

#include "base/err.h"
#include "broker/pool.h"

#define POOL_XML_MAX 65536 /* bytes of an XML text */

struct pool_def {
	struct pool_spec spec;
	uint8_t uuid[16];
};

/*
 * Read a pool XML: every element and attribute that would make another pool
 * than ours is refused by its name. 0; or -EBADMSG for what is no XML, -ENOTSUP
 * for what is no pool of ours, -EINVAL for a value that cannot be, -ENOMEM.
 */
int pool_def_read(struct pool_def *self, const char *xml, struct err *err);

/* The XML that pool_def_read() reads the same from; NULL without memory. */
char *pool_def_write(const struct pool_def *self);

#endif
