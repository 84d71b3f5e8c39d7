/* SPDX-License-Identifier: MIT */
/*
 * One call as its handler sees it, and what handlers share: how to refuse, and
 * how a typed list is filtered. Owns no handler.
 */
#ifndef LABYRINTH_RPC_CALL_H
#define LABYRINTH_RPC_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "broker/view.h"
#include "rpc/session.h"
#include "wire/remote.h"

struct rpc_call {
	struct rpc_session *session;
	const struct view *view; /* NULL unless the table asks for one */
	const struct view_source *source; /* what changes the broker */
	/* Why it was refused; code VIR_ERR_OK while it was not. */
	int code;   /* virErrorNumber */
	int domain; /* virErrorDomain */
	char text[512];
};

/* The answer comes when session->later says so. */
#define CALL_LATER 1

/*
 * A procedure: arguments decoded, result zeroed. Strings and arrays that it
 * puts into the result are malloc'ed; xdr_free() frees them, also after a
 * failure. Returns 0, or what call_refuse() returned, or CALL_LATER.
 */
typedef int (*rpc_handler)(struct rpc_call *call, const void *arguments,
			   void *result);

/* Refuse a call: record code, domain and a sentence. Returns -1. */
int call_refuse(struct rpc_call *call, int code, int domain, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/*
 * The guest of this uuid in the call's view; NULL with the call refused: it is
 * not known, or does not run. A client's id may be stale and its name is
 * redundant: the uuid decides.
 */
const struct view_guest *call_guest(struct rpc_call *call,
				    const unsigned char *uuid);

/* The domains that are known by XML: the one after another, NULL at the end. */
const struct act_domain *call_next_domain(const struct rpc_call *call,
					  const struct act_domain *after);

/* That of a uuid, whether it runs or not; NULL without one. */
const struct act_domain *call_domain(const struct rpc_call *call,
				     const unsigned char *uuid);

/* Refuse for lack of memory. Returns -1. */
int call_no_memory(struct rpc_call *call);

/*
 * Refuse flag bits outside `known`: an unknown wish is never ignored. Returns
 * 0 or -1.
 */
int call_check_flags(struct rpc_call *call, unsigned flags, unsigned known);

/* Copy a string into a result. Returns 0, or -1 without memory. */
int call_string(struct rpc_call *call, char **out, const char *text);

/*
 * Whether an object with the property bits `has` passes the filter `flags` of
 * a typed list: within a group of bits any match will do, each group with a
 * bit set must match, and a group without one matches everything.
 */
bool call_filter(unsigned flags, const unsigned *groups, size_t ngroups,
		 unsigned has);

/* All the bits of some groups. */
unsigned call_filter_bits(const unsigned *groups, size_t ngroups);

/*
 * Room for an array of `count` zeroed items in a result, of at most
 * RMT_LIST_MAX (a longer list is refused: clients could not read it). NULL
 * with the call refused; one item's room when count is 0.
 */
void *call_list(struct rpc_call *call, size_t count, size_t item,
		const char *what);

#endif
