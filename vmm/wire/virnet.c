/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "wire/virnet.h"

#include <errno.h>

static uint32_t word_get(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static void word_put(uint8_t *at, uint32_t word)
{
	at[0] = (uint8_t)(word >> 24);
	at[1] = (uint8_t)(word >> 16);
	at[2] = (uint8_t)(word >> 8);
	at[3] = (uint8_t)word;
}

int virnet_decode(const uint8_t bytes[VIRNET_HEADER_BYTES], uint32_t max,
		  struct virnet_header *header)
{
	uint32_t length = word_get(bytes);
	uint32_t type = word_get(bytes + 16);
	uint32_t status = word_get(bytes + 24);

	if (length < VIRNET_HEADER_BYTES || length > max)
		return -EMSGSIZE;
	if (type > VIRNET_STREAM_HOLE || status > VIRNET_CONTINUE)
		return -EPROTO;
	*header = (struct virnet_header){
		.length = length,
		.program = word_get(bytes + 4),
		.version = word_get(bytes + 8),
		.procedure = (int32_t)word_get(bytes + 12),
		.type = (enum virnet_type)type,
		.serial = word_get(bytes + 20),
		.status = (enum virnet_status)status,
	};
	return 0;
}

void virnet_encode(const struct virnet_header *header,
		   uint8_t bytes[VIRNET_HEADER_BYTES])
{
	word_put(bytes, header->length);
	word_put(bytes + 4, header->program);
	word_put(bytes + 8, header->version);
	word_put(bytes + 12, (uint32_t)header->procedure);
	word_put(bytes + 16, (uint32_t)header->type);
	word_put(bytes + 20, header->serial);
	word_put(bytes + 24, (uint32_t)header->status);
}
