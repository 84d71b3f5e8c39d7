/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/program.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/cleanup.h"
#include "rpc/call.h"
#include "rpc/frame.h"
#include "rpc/table.h"

/* A whole reply; status says whether the value is a result or an rmt_error. */
static int encode_reply(const struct virnet_header *call,
			enum virnet_status status, xdrproc_t codec, void *value,
			uint8_t **reply, size_t *bytes)
{
	struct virnet_header header = *call;

	header.type = VIRNET_REPLY;
	header.status = status;
	return frame_make(&header, codec, value, reply, bytes);
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
			    const struct table_entry *procedure,
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
static const struct table_entry *choose(struct rpc_call *call,
					const struct virnet_header *header)
{
	const struct table_entry *found = NULL;

	if (header->program == VIRNET_PROGRAM_REMOTE &&
	    header->version == VIRNET_PROGRAM_VERSION)
		found = table_find(header->procedure);
	if (!call->session->opened &&
	    (found == NULL || !(found->flags & TABLE_EARLY)))
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
	else if (call->session->readonly && (found->flags & TABLE_WRITE))
		call_refuse(call, VIR_ERR_OPERATION_DENIED, VIR_FROM_REMOTE,
			    "operation forbidden: read only access prevents "
			    "procedure %d",
			    header->procedure);
	return call->code == VIR_ERR_OK ? found : NULL;
}

/* Run the handler, with a snapshot where it needs one. */
static int run(struct rpc_call *call, const struct table_entry *procedure,
	       const struct view_source *source, const void *arguments,
	       void *result)
{
	if (!(procedure->flags & TABLE_VIEW))
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

/* Decode, run and encode; -1 with the call refused, CALL_LATER, or -ENOMEM. */
static int perform(struct rpc_call *call, const struct table_entry *procedure,
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
	if ((procedure->flags & TABLE_WRITE) && call->session->owner != NULL)
		call->session->owner->acted(call->session->owner->context);
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

/* Who acts is in the log, once for each connection. */
static void note_act(struct rpc_session *session,
		     const struct table_entry *procedure)
{
	const struct peer *peer = &session->peer;

	if (session->acted || !(procedure->flags & TABLE_WRITE))
		return;
	session->acted = true;
	if (peer->pid != 0)
		log_client_info("libvirt: process %d of user %u, group %u, "
				"acts",
				(int)peer->pid, (unsigned)peer->uid,
				(unsigned)peer->gid);
}

int program_answer(const struct virnet_header *header, const uint8_t *payload,
		   struct rpc_session *session,
		   const struct view_source *source, uint8_t **reply,
		   size_t *bytes)
{
	struct rpc_call call = {.session = session, .source = source};

	const struct table_entry *procedure = choose(&call, header);
	if (procedure != NULL) {
		note_act(session, procedure);
		int r = perform(&call, procedure, source, header, payload,
				reply, bytes);
		if (r >= 0 || call.code == VIR_ERR_OK)
			return r;
	}
	return encode_refusal(header, &call, reply, bytes);
}
