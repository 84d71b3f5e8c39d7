/* SPDX-License-Identifier: MIT */
/* The connection itself: opening, naming and describing it. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>

#include "base/log.h"
#include "rpc/handlers.h"
#include "rpc/xml.h"

/*
 * Features that a client asks for, by libvirt's wire numbers: keepalive
 * packets, and events that carry a callback id.
 */
enum {
	FEATURE_KEEPALIVE = 10,
	FEATURE_EVENT_CALLBACK = 14,
};

/* The one entry of our list of authentication types: none. */
#define AUTH_NONE 0

#define OUR_URI "labyrinth:///system"

/* labyrinth:///system, or / or nothing for the path; any query. */
static bool is_our_uri(const char *uri)
{
	static const char scheme[] = "labyrinth://";

	if (*uri == '\0')
		return true;
	if (strncasecmp(uri, scheme, strlen(scheme)) != 0)
		return false;
	const char *path = uri + strlen(scheme);
	size_t length = strcspn(path, "?#");
	return length == 0 || (length == 1 && path[0] == '/') ||
	       (length == 7 && strncmp(path, "/system", length) == 0);
}

/* Whatever the socket's mode says. */
static int bar(struct rpc_call *call)
{
	const struct peer *peer = &call->session->peer;

	log_client_warning("libvirt: process %d of user %u, group %u, may only "
			   "look",
			   (int)peer->pid, (unsigned)peer->uid,
			   (unsigned)peer->gid);
	return call_refuse(call, VIR_ERR_OPERATION_DENIED, VIR_FROM_REMOTE,
			   "operation forbidden: user %u is neither root nor "
			   "of group " PEER_GROUP ", and may only look: use "
			   "the read-only socket (virsh -r)",
			   (unsigned)peer->uid);
}

int connect_open(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_open_args *args = arguments;
	struct rpc_session *session = call->session;
	const char *uri = args->name != NULL ? *args->name : "";

	(void)result;
	if (session->opened)
		return call_refuse(call, VIR_ERR_OPERATION_INVALID,
				   VIR_FROM_REMOTE,
				   "Requested operation is not valid: the "
				   "connection is open already");
	if (session->barred)
		return bar(call);
	if (!is_our_uri(uri))
		return call_refuse(call, VIR_ERR_NO_CONNECT, VIR_FROM_REMOTE,
				   "no connection driver available for `%s`: "
				   "labyrinthd serves " OUR_URI,
				   uri);
	/* Other bits are the client's private ones. */
	if (args->flags & VIR_CONNECT_RO)
		session->readonly = true;
	session->opened = true;
	return 0;
}

int connect_close(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	(void)result;
	call->session->closing = true;
	return 0;
}

int connect_type(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	return call_string(call, result, "Labyrinth");
}

int connect_version(struct rpc_call *call, const void *arguments, void *result)
{
	unsigned major = 0, minor = 0, micro = 0;

	(void)arguments;
	if (sscanf(PACKAGE_VERSION, "%u.%u.%u", &major, &minor, &micro) < 2)
		return call_refuse(call, VIR_ERR_INTERNAL_ERROR,
				   VIR_FROM_REMOTE,
				   "internal error: the version `%s` of "
				   "labyrinthd is no number",
				   PACKAGE_VERSION);
	*(u_quad_t *)result =
		major * UINT64_C(1000000) + minor * UINT64_C(1000) + micro;
	return 0;
}

int connect_lib_version(struct rpc_call *call, const void *arguments,
			void *result)
{
	(void)call;
	(void)arguments;
	/* Which libvirt's calls are spoken here: the one built against. */
	*(u_quad_t *)result = LIBVIR_VERSION_NUMBER;
	return 0;
}

int connect_max_vcpus(struct rpc_call *call, const void *arguments,
		      void *result)
{
	(void)call;
	(void)arguments; /* the type of domain: there is one */
	*(int *)result = LAB_CPUS_MAX;
	return 0;
}

int connect_hostname(struct rpc_call *call, const void *arguments, void *result)
{
	char name[256];

	(void)arguments;
	if (gethostname(name, sizeof(name)) != 0)
		return call_refuse(call, VIR_ERR_SYSTEM_ERROR, VIR_FROM_REMOTE,
				   "the host's name is longer than %zu bytes",
				   sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	return call_string(call, result, name);
}

int connect_uri(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	return call_string(call, result, OUR_URI);
}

int connect_feature(struct rpc_call *call, const void *arguments, void *result)
{
	int feature = *(const int *)arguments;
	int *supported = result;

	if (feature == FEATURE_KEEPALIVE)
		call->session->keepalive = true;
	*supported = feature == FEATURE_KEEPALIVE ||
		     feature == FEATURE_EVENT_CALLBACK;
	return 0;
}

int connect_auth_list(struct rpc_call *call, const void *arguments,
		      void *result)
{
	rmt_ints *types = result;

	(void)arguments;
	types->values.values_val = call_list(call, 1, sizeof(int), "types");
	if (types->values.values_val == NULL)
		return -1;
	types->values.values_val[0] = AUTH_NONE;
	types->values.values_len = 1;
	return 0;
}

int connect_domain_capabilities(struct rpc_call *call, const void *arguments,
				void *result)
{
	const rmt_capabilities_args *args = arguments;
	char **xml = result;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	if ((args->arch != NULL && strcmp(*args->arch, "x86_64") != 0) ||
	    (args->virttype != NULL && strcmp(*args->virttype, "kvm") != 0))
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: guests are of kvm on "
				   "x86_64 alone");
	*xml = xml_domain_capabilities(LAB_CPUS_MAX);
	return *xml != NULL ? 0 : call_no_memory(call);
}

int answer_zero(struct rpc_call *call, const void *arguments, void *result)
{
	(void)call;
	(void)arguments;
	*(int *)result = 0;
	return 0;
}

int answer_one(struct rpc_call *call, const void *arguments, void *result)
{
	(void)call;
	(void)arguments;
	*(int *)result = 1;
	return 0;
}

int answer_no_items(struct rpc_call *call, const void *arguments, void *result)
{
	(void)call;
	(void)arguments;
	(void)result; /* zeroed: an empty array, and its length */
	return 0;
}
