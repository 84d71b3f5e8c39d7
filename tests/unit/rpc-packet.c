/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc-packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void packet_call(struct packet *packet, int procedure, uint32_t serial,
		 xdrproc_t codec, void *arguments)
{
	u_int bytes = 0;

	if (codec != NULL) {
		XDR xdr;
		xdrmem_create(&xdr, (char *)packet->bytes + VIRNET_HEADER_BYTES,
			      PACKET_MAX - VIRNET_HEADER_BYTES, XDR_ENCODE);
		assert_true(codec(&xdr, arguments));
		bytes = xdr_getpos(&xdr);
		xdr_destroy(&xdr);
	}
	packet->header = (struct virnet_header){
		.length = VIRNET_HEADER_BYTES + bytes,
		.program = VIRNET_PROGRAM_REMOTE,
		.version = VIRNET_PROGRAM_VERSION,
		.procedure = procedure,
		.serial = serial,
	};
	virnet_encode(&packet->header, packet->bytes);
}

void packet_open(struct packet *packet, uint32_t serial, unsigned flags)
{
	char *name = (char[]){"labyrinth:///system"};
	rmt_open_args args = {.name = &name, .flags = flags};

	packet_call(packet, RMT_CONNECT_OPEN, serial,
		    (xdrproc_t)xdr_rmt_open_args, &args);
}

void packet_decode(const uint8_t *bytes, size_t length, xdrproc_t codec,
		   void *value)
{
	XDR xdr;

	assert_true(length >= VIRNET_HEADER_BYTES);
	xdrmem_create(&xdr, (char *)(uintptr_t)bytes + VIRNET_HEADER_BYTES,
		      (u_int)(length - VIRNET_HEADER_BYTES), XDR_DECODE);
	assert_true(codec(&xdr, value));
	assert_int_equal(xdr_getpos(&xdr), length - VIRNET_HEADER_BYTES);
	xdr_destroy(&xdr);
}

int packet_error(const uint8_t *bytes, size_t length)
{
	struct virnet_header header;
	rmt_error error = {0};

	assert_int_equal(virnet_decode(bytes, (uint32_t)length, &header), 0);
	assert_int_equal(header.length, length);
	assert_int_equal(header.type, VIRNET_REPLY);
	if (header.status == VIRNET_OK)
		return 0;
	packet_decode(bytes, length, (xdrproc_t)xdr_rmt_error, &error);
	int code = error.code;
	assert_int_not_equal(code, 0);
	assert_int_equal(error.level, 2);
	assert_non_null(error.message);
	xdr_free((xdrproc_t)xdr_rmt_error, &error);
	return code;
}
