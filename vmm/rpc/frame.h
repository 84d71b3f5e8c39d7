/* SPDX-License-Identifier: MIT */
/* Whole packets out of a header and a value. */
#ifndef LABYRINTH_RPC_FRAME_H
#define LABYRINTH_RPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "wire/remote.h"
#include "wire/virnet.h"

/* The longest packet made: what stock clients take, length word included. */
#define FRAME_MAX (33554432 + 4)

/*
 * Encode a packet; header->length need not be set. *packet becomes *bytes bytes
 * that the caller frees. 0; -ENOMEM, or -EMSGSIZE for a value that the wire
 * does not carry.
 */
int frame_make(const struct virnet_header *header, xdrproc_t codec, void *value,
	       uint8_t **packet, size_t *bytes);

#endif
