/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int call_refuse(struct rpc_call *call, int code, int domain, const char *format,
		...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->text, sizeof(call->text), format, args);
	va_end(args);
	call->code = code;
	call->domain = domain;
	return -1;
}

const struct act_domain *call_next_domain(const struct rpc_call *call,
					  const struct act_domain *after)
{
	const struct act_source *act = call->session->acts;

	return act != NULL ? act->next(act->context, after) : NULL;
}

const struct act_domain *call_domain(const struct rpc_call *call,
				     const unsigned char *uuid)
{
	const struct act_domain *domain = call_next_domain(call, NULL);

	while (domain != NULL &&
	       memcmp(domain->uuid, uuid, sizeof(domain->uuid)) != 0)
		domain = call_next_domain(call, domain);
	return domain;
}

int call_no_memory(struct rpc_call *call)
{
	return call_refuse(call, VIR_ERR_NO_MEMORY, VIR_FROM_REMOTE,
			   "out of memory");
}

int call_check_flags(struct rpc_call *call, unsigned flags, unsigned known)
{
	if ((flags & ~known) == 0)
		return 0;
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
			   "invalid argument: unsupported flags (0x%x)",
			   flags & ~known);
}

int call_string(struct rpc_call *call, char **out, const char *text)
{
	*out = strdup(text);
	return *out != NULL ? 0 : call_no_memory(call);
}

bool call_filter(unsigned flags, const unsigned *groups, size_t ngroups,
		 unsigned has)
{
	for (size_t i = 0; i < ngroups; i++) {
		unsigned wanted = flags & groups[i];
		if (wanted != 0 && (wanted & has) == 0)
			return false;
	}
	return true;
}

unsigned call_filter_bits(const unsigned *groups, size_t ngroups)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ngroups; i++)
		bits |= groups[i];
	return bits;
}

void *call_list(struct rpc_call *call, size_t count, size_t item,
		const char *what)
{
	if (count > RMT_LIST_MAX) {
		call_refuse(call, VIR_ERR_RPC, VIR_FROM_REMOTE,
			    "too many %s for one list: %zu, at most %d", what,
			    count, RMT_LIST_MAX);
		return NULL;
	}
	void *items = calloc(count > 0 ? count : 1, item);
	if (items == NULL)
		call_no_memory(call);
	return items;
}
