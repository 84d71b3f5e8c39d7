/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int frame_make(const struct virnet_header *header, xdrproc_t codec, void *value,
	       uint8_t **packet, size_t *bytes)
{
	/* xdr_sizeof() cannot tell an empty value from one it cannot encode;
	 * the encoding below can. */
	size_t length = VIRNET_HEADER_BYTES + xdr_sizeof(codec, value);
	XDR xdr;

	if (length > FRAME_MAX)
		return -EMSGSIZE;
	uint8_t *made = malloc(length);
	if (made == NULL)
		return -ENOMEM;
	xdrmem_create(&xdr, (char *)made + VIRNET_HEADER_BYTES,
		      (u_int)(length - VIRNET_HEADER_BYTES), XDR_ENCODE);
	bool encoded = codec(&xdr, value);
	xdr_destroy(&xdr);
	if (!encoded) {
		free(made);
		return -EMSGSIZE;
	}
	struct virnet_header whole = *header;
	whole.length = (uint32_t)length;
	virnet_encode(&whole, made);
	*packet = made;
	*bytes = length;
	return 0;
}
