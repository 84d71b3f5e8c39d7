/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/program.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "rpc/call.h"
#include "rpc/handlers.h"

enum {
	EARLY = 1, /* allowed before CONNECT_OPEN */
	WRITE = 2, /* refused on a read-only connection */
	VIEW = 4,  /* the handler reads a snapshot of the broker */
};

struct procedure {
	rpc_handler handler; /* NULL: not supported */
	xdrproc_t arguments_codec;
	xdrproc_t result_codec;
	unsigned short arguments_bytes; /* of the decoded struct */
	unsigned short result_bytes;
	unsigned flags;
};

/* libtirpc's own xdr_void() has no prototype that fits. */
static bool_t xdr_nothing(XDR *xdr, void *value)
{
	(void)xdr;
	(void)value;
	return TRUE;
}

#define VOID			      (xdrproc_t) xdr_nothing, 0
#define TYPE(type)		      (xdrproc_t) xdr_##type, sizeof(type)
#define PROC(handler, in, out, flags) PROC_(handler, in, out, flags)
#define PROC_(handler, in_codec, in_bytes, out_codec, out_bytes, flags)  \
	{                                                                \
		handler, in_codec, out_codec, in_bytes, out_bytes, flags \
	}

static const struct procedure procedures[] = {
	[RMT_CONNECT_OPEN] =
		PROC(connect_open, TYPE(rmt_open_args), VOID, EARLY),
	[RMT_CONNECT_CLOSE] = PROC(connect_close, VOID, VOID, EARLY),
	[RMT_CONNECT_GET_TYPE] = PROC(connect_type, VOID, TYPE(rmt_str), 0),
	[RMT_CONNECT_GET_VERSION] =
		PROC(connect_version, VOID, TYPE(u_quad_t), 0),
	[RMT_CONNECT_GET_MAX_VCPUS] =
		PROC(connect_max_vcpus, TYPE(rmt_optstr), TYPE(int), 0),
	[RMT_NODE_GET_INFO] = PROC(node_info, VOID, TYPE(rmt_node_info), 0),
	[RMT_CONNECT_GET_CAPABILITIES] =
		PROC(node_capabilities, VOID, TYPE(rmt_text), 0),
	[RMT_DOMAIN_GET_XML] =
		PROC(domain_xml, TYPE(rmt_dom_flags), TYPE(rmt_text), VIEW),
	[RMT_DOMAIN_GET_AUTOSTART] =
		PROC(domain_no, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_INFO] =
		PROC(domain_info, TYPE(rmt_dom), TYPE(rmt_dom_info), VIEW),
	[RMT_DOMAIN_GET_MAX_MEMORY] =
		PROC(domain_max_memory, TYPE(rmt_dom), TYPE(u_quad_t), VIEW),
	[RMT_DOMAIN_GET_MAX_VCPUS] =
		PROC(domain_max_vcpus, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_OS_TYPE] =
		PROC(domain_os_type, TYPE(rmt_dom), TYPE(rmt_str), VIEW),
	[RMT_CONNECT_LIST_DEFINED_DOMAINS] =
		PROC(answer_no_names, TYPE(int), TYPE(rmt_names), 0),
	[RMT_DOMAIN_LOOKUP_BY_ID] =
		PROC(domain_by_id, TYPE(int), TYPE(rmt_dom), VIEW),
	[RMT_DOMAIN_LOOKUP_BY_NAME] =
		PROC(domain_by_name, TYPE(rmt_str), TYPE(rmt_dom), VIEW),
	[RMT_DOMAIN_LOOKUP_BY_UUID] =
		PROC(domain_by_uuid, TYPE(rmt_uuid), TYPE(rmt_dom), VIEW),
	[RMT_CONNECT_NUM_DEFINED_DOMAINS] =
		PROC(answer_zero, VOID, TYPE(int), 0),
	[RMT_CONNECT_LIST_DOMAINS] =
		PROC(domain_list_ids, TYPE(int), TYPE(rmt_ints), VIEW),
	[RMT_CONNECT_NUM_DOMAINS] = PROC(domain_count, VOID, TYPE(int), VIEW),
	[RMT_CONNECT_GET_HOSTNAME] =
		PROC(connect_hostname, VOID, TYPE(rmt_str), 0),
	[RMT_CONNECT_SUPPORTS_FEATURE] =
		PROC(connect_feature, TYPE(int), TYPE(int), EARLY),
	[RMT_AUTH_LIST] = PROC(connect_auth_list, VOID, TYPE(rmt_ints), EARLY),
	[RMT_CONNECT_NUM_POOLS] = PROC(pool_count, VOID, TYPE(int), VIEW),
	[RMT_CONNECT_LIST_POOLS] =
		PROC(pool_list_names, TYPE(int), TYPE(rmt_names), VIEW),
	[RMT_CONNECT_NUM_DEFINED_POOLS] = PROC(answer_zero, VOID, TYPE(int), 0),
	[RMT_CONNECT_LIST_DEFINED_POOLS] =
		PROC(answer_no_names, TYPE(int), TYPE(rmt_names), 0),
	[RMT_POOL_REFRESH] =
		PROC(pool_refresh, TYPE(rmt_pool_flags), VOID, VIEW | WRITE),
	[RMT_POOL_LOOKUP_BY_NAME] =
		PROC(pool_by_name, TYPE(rmt_str), TYPE(rmt_pool), VIEW),
	[RMT_POOL_LOOKUP_BY_UUID] =
		PROC(pool_by_uuid, TYPE(rmt_uuid), TYPE(rmt_pool), VIEW),
	[RMT_POOL_LOOKUP_BY_VOLUME] =
		PROC(pool_by_volume, TYPE(rmt_vol), TYPE(rmt_pool), VIEW),
	[RMT_POOL_GET_INFO] =
		PROC(pool_info, TYPE(rmt_pool), TYPE(rmt_pool_info), VIEW),
	[RMT_POOL_GET_XML] =
		PROC(pool_xml, TYPE(rmt_pool_flags), TYPE(rmt_text), VIEW),
	[RMT_POOL_GET_AUTOSTART] =
		PROC(pool_yes, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_NUM_VOLUMES] =
		PROC(volume_count, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_LIST_VOLUMES] = PROC(volume_list_names, TYPE(rmt_pool_max),
				       TYPE(rmt_names), VIEW),
	[RMT_VOL_LOOKUP_BY_NAME] =
		PROC(volume_by_name, TYPE(rmt_pool_name), TYPE(rmt_vol), VIEW),
	[RMT_VOL_LOOKUP_BY_KEY] =
		PROC(volume_by_key, TYPE(rmt_str), TYPE(rmt_vol), VIEW),
	[RMT_VOL_LOOKUP_BY_PATH] =
		PROC(volume_by_path, TYPE(rmt_str), TYPE(rmt_vol), VIEW),
	[RMT_VOL_GET_INFO] =
		PROC(volume_info, TYPE(rmt_vol), TYPE(rmt_vol_info), VIEW),
	[RMT_VOL_GET_XML] =
		PROC(volume_xml, TYPE(rmt_vol_flags), TYPE(rmt_text), VIEW),
	[RMT_VOL_GET_PATH] =
		PROC(volume_path, TYPE(rmt_vol), TYPE(rmt_str), VIEW),
	[RMT_NODE_GET_CELLS_FREE] = PROC(node_cells_free, TYPE(rmt_cells_args),
					 TYPE(rmt_counts), 0),
	[RMT_NODE_GET_FREE_MEMORY] =
		PROC(node_free_memory, VOID, TYPE(u_quad_t), 0),
	[RMT_CONNECT_GET_URI] = PROC(connect_uri, VOID, TYPE(rmt_str), 0),
	[RMT_CONNECT_IS_SECURE] = PROC(answer_one, VOID, TYPE(int), 0),
	[RMT_DOMAIN_IS_ACTIVE] =
		PROC(domain_yes, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_IS_PERSISTENT] =
		PROC(domain_no, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_POOL_IS_ACTIVE] = PROC(pool_yes, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_IS_PERSISTENT] =
		PROC(pool_yes, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_CONNECT_GET_LIB_VERSION] =
		PROC(connect_lib_version, VOID, TYPE(u_quad_t), 0),
	[RMT_DOMAIN_HAS_MANAGED_SAVE] =
		PROC(domain_no_flags, TYPE(rmt_dom_flags), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_VCPUS_FLAGS] =
		PROC(domain_vcpus_flags, TYPE(rmt_dom_flags), TYPE(int), VIEW),
	[RMT_DOMAIN_IS_UPDATED] =
		PROC(domain_no, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_STATE] = PROC(domain_state, TYPE(rmt_dom_flags),
				      TYPE(rmt_dom_state), VIEW),
	[RMT_CONNECT_LIST_ALL_DOMAINS] = PROC(
		domain_list_all, TYPE(rmt_list_args), TYPE(rmt_doms), VIEW),
	[RMT_CONNECT_LIST_ALL_POOLS] =
		PROC(pool_list_all, TYPE(rmt_list_args), TYPE(rmt_pools), VIEW),
	[RMT_POOL_LIST_ALL_VOLUMES] =
		PROC(volume_list_all, TYPE(rmt_pool_list_args), TYPE(rmt_vols),
		     VIEW),
	[RMT_NODE_GET_FREE_PAGES] = PROC(node_free_pages, TYPE(rmt_pages_args),
					 TYPE(rmt_counts), 0),
	[RMT_VOL_GET_INFO_FLAGS] = PROC(volume_info_flags, TYPE(rmt_vol_flags),
					TYPE(rmt_vol_info), VIEW),
	[RMT_POOL_LOOKUP_BY_PATH] =
		PROC(pool_by_path, TYPE(rmt_str), TYPE(rmt_pool), VIEW),
};

/* The longest reply made: what stock clients take, length word included. */
#define REPLY_MAX (33554432 + 4)

/*
 * A whole reply packet; status says whether the value is a result or an
 * rmt_error. -ENOMEM, or -EMSGSIZE for a value that the wire does not carry.
 */
static int encode_reply(const struct virnet_header *call,
			enum virnet_status status, xdrproc_t codec, void *value,
			uint8_t **reply, size_t *bytes)
{
	/* xdr_sizeof() cannot tell an empty value from one it cannot encode;
	 * the encoding below can. */
	size_t length = VIRNET_HEADER_BYTES + xdr_sizeof(codec, value);
	XDR xdr;

	if (length > REPLY_MAX)
		return -EMSGSIZE;
	uint8_t *packet = malloc(length);
	if (packet == NULL)
		return -ENOMEM;
	xdrmem_create(&xdr, (char *)packet + VIRNET_HEADER_BYTES,
		      (u_int)(length - VIRNET_HEADER_BYTES), XDR_ENCODE);
	bool encoded = codec(&xdr, value);
	xdr_destroy(&xdr);
	if (!encoded) {
		free(packet);
		return -EMSGSIZE;
	}
	struct virnet_header header = *call;
	header.length = (uint32_t)length;
	header.type = VIRNET_REPLY;
	header.status = status;
	virnet_encode(&header, packet);
	*reply = packet;
	*bytes = length;
	return 0;
}

static int encode_refusal(const struct virnet_header *header,
			  struct rpc_call *call, uint8_t **reply, size_t *bytes)
{
	char *text = call->text;
	rmt_error error = {
		.code = call->code,
		.domain = call->domain,
		.message = &text,
		.level = VIR_ERR_ERROR,
	};

	return encode_reply(header, VIRNET_ERROR, (xdrproc_t)xdr_rmt_error,
			    &error, reply, bytes) == 0
		       ? 0
		       : -ENOMEM;
}

/* Decode the arguments: all of the payload, and nothing beside it. */
static int decode_arguments(struct rpc_call *call,
			    const struct procedure *procedure,
			    const struct virnet_header *header,
			    const uint8_t *payload, void *arguments)
{
	u_int bytes = header->length - VIRNET_HEADER_BYTES;
	XDR xdr;

	xdrmem_create(&xdr, (char *)(uintptr_t)payload, bytes, XDR_DECODE);
	bool decoded = procedure->arguments_codec(&xdr, arguments);
	bool whole = decoded && xdr_getpos(&xdr) == bytes;
	xdr_destroy(&xdr);
	if (whole)
		return 0;
	return call_refuse(call, VIR_ERR_RPC, VIR_FROM_RPC,
			   "cannot decode the arguments of procedure %d: %s",
			   header->procedure,
			   decoded ? "too many bytes" : "not its types");
}

/* Which procedure a header names, if this session may call it now. */
static const struct procedure *choose(struct rpc_call *call,
				      const struct virnet_header *header)
{
	const struct procedure *found = NULL;
	uint32_t number = (uint32_t)header->procedure;

	if (header->program == VIRNET_PROGRAM_REMOTE &&
	    header->version == VIRNET_PROGRAM_VERSION &&
	    number < sizeof(procedures) / sizeof(procedures[0]) &&
	    procedures[number].handler != NULL)
		found = &procedures[number];
	if (!call->session->opened &&
	    (found == NULL || !(found->flags & EARLY)))
		call_refuse(call, VIR_ERR_OPERATION_INVALID, VIR_FROM_REMOTE,
			    "Requested operation is not valid: procedure %d "
			    "before the connection is opened",
			    header->procedure);
	else if (found == NULL)
		call_refuse(call, VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
			    "this function is not supported by the connection "
			    "driver: procedure %d of program 0x%x, version %u",
			    header->procedure, header->program,
			    header->version);
	else if (call->session->readonly && (found->flags & WRITE))
		call_refuse(call, VIR_ERR_OPERATION_DENIED, VIR_FROM_REMOTE,
			    "operation forbidden: read only access prevents "
			    "procedure %d",
			    header->procedure);
	return call->code == VIR_ERR_OK ? found : NULL;
}

/* Run the handler, with a snapshot where it needs one. */
static int run(struct rpc_call *call, const struct procedure *procedure,
	       const struct view_source *source, const void *arguments,
	       void *result)
{
	if (!(procedure->flags & VIEW))
		return procedure->handler(call, arguments, result);

	struct view *view = source->take(source->context);
	if (view == NULL)
		return call_no_memory(call);
	call->view = view;
	int r = procedure->handler(call, arguments, result);
	call->view = NULL;
	view_free(view);
	return r;
}

/* Decode, run and encode; -1 with the call refused, or -ENOMEM. */
static int perform(struct rpc_call *call, const struct procedure *procedure,
		   const struct view_source *source,
		   const struct virnet_header *header, const uint8_t *payload,
		   uint8_t **reply, size_t *bytes)
{
	cleanup_free void *arguments =
		calloc(1, procedure->arguments_bytes + 1u);
	cleanup_free void *result = calloc(1, procedure->result_bytes + 1u);

	if (arguments == NULL || result == NULL)
		return -ENOMEM;
	int r = decode_arguments(call, procedure, header, payload, arguments);
	if (r == 0)
		r = run(call, procedure, source, arguments, result);
	if (r == 0)
		r = encode_reply(header, VIRNET_OK, procedure->result_codec,
				 result, reply, bytes);
	if (r == -EMSGSIZE)
		r = call_refuse(call, VIR_ERR_RPC, VIR_FROM_RPC,
				"the answer to procedure %d is too large",
				header->procedure);
	xdr_free(procedure->arguments_codec, arguments);
	xdr_free(procedure->result_codec, result);
	return r;
}

int program_answer(const struct virnet_header *header, const uint8_t *payload,
		   struct rpc_session *session,
		   const struct view_source *source, uint8_t **reply,
		   size_t *bytes)
{
	struct rpc_call call = {.session = session};

	const struct procedure *procedure = choose(&call, header);
	if (procedure != NULL) {
		int r = perform(&call, procedure, source, header, payload,
				reply, bytes);
		if (r == 0 || call.code == VIR_ERR_OK)
			return r;
	}
	return encode_refusal(header, &call, reply, bytes);
}
