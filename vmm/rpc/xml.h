/* SPDX-License-Identifier: MIT */
/*
 * XML in libvirt's vocabulary, from plain values. Each function returns a
 * malloc'ed text for the caller to free, or NULL without memory. A byte of a
 * name that XML cannot carry becomes `?`.
 *
 * What libvirt has no word for is in elements of our own namespace.
 */
#ifndef LABYRINTH_RPC_XML_H
#define LABYRINTH_RPC_XML_H

#include "broker/view.h"
#include "guests/act.h"
#include "rpc/host.h"

/* <domain>: sizes in KiB; what the guest holds and may hold of its pool; what
 * it was started from, if that is known. */
char *xml_domain(const struct view_guest *guest, const struct view_pool *pool,
		 const struct act_domain *started);

/* What <metadata> of that has, by itself. */
char *xml_guest(const struct view_guest *guest, const struct view_pool *pool);

/* <pool>: sizes in bytes; its leases by state. */
char *xml_pool(const struct view_pool *pool);

/* The leases of a guest, as view_source.leases() tells them. */
struct xml_leases {
	const struct view_lease *runs;
	size_t count;
	uint64_t left;
};

/* <volume>: a guest's share of its pool, by the names that clients know. */
char *xml_volume(const struct view_guest *guest, const struct view_pool *pool,
		 const struct xml_leases *leases, const char *key,
		 const char *path);

/* <capabilities> of a host. */
char *xml_capabilities(const struct host *host);

/* <domainCapabilities>: guests have so many processors at most. */
char *xml_domain_capabilities(unsigned vcpus);

/* <storagepoolCapabilities>: there is one type of pool. */
char *xml_pool_capabilities(void);

#endif
