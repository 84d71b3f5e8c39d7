/* SPDX-License-Identifier: MIT */
/*
 * The packet header of libvirt's RPC: bytes in, structs out. Knows no socket,
 * no procedure and no payload.
 *
 * A packet is a length word (big endian, counting itself), six header words,
 * and a payload.
 */
#ifndef LABYRINTH_WIRE_VIRNET_H
#define LABYRINTH_WIRE_VIRNET_H

#include <stdint.h>

/* Bytes of the length word and the six header words: the shortest packet. */
#define VIRNET_HEADER_BYTES 28

/* Programs; each has version 1. */
#define VIRNET_PROGRAM_REMOTE	 UINT32_C(0x20008086)
#define VIRNET_PROGRAM_KEEPALIVE UINT32_C(0x6b656570)
#define VIRNET_PROGRAM_VERSION	 1

/* Procedures of KEEPALIVE: messages of serial 0 with an empty payload. */
#define VIRNET_KEEPALIVE_PING 1
#define VIRNET_KEEPALIVE_PONG 2

enum virnet_type {
	VIRNET_CALL = 0,
	VIRNET_REPLY = 1,
	VIRNET_MESSAGE = 2, /* either way, answered by nothing */
	VIRNET_STREAM = 3,
	VIRNET_CALL_WITH_FDS = 4,
	VIRNET_REPLY_WITH_FDS = 5,
	VIRNET_STREAM_HOLE = 6,
};

enum virnet_status {
	VIRNET_OK = 0,
	VIRNET_ERROR = 1,
	VIRNET_CONTINUE = 2,
};

struct virnet_header {
	uint32_t length; /* bytes of the whole packet, these 4 included */
	uint32_t program;
	uint32_t version;
	int32_t procedure;
	enum virnet_type type;
	uint32_t serial; /* the caller's number of the call */
	enum virnet_status status;
};

/*
 * Read a header. max is the longest packet that the reader takes, in bytes;
 * check it here, before anything is allocated. 0; -EMSGSIZE for a length below
 * a header's or above max; -EPROTO for a type or a status that does not exist
 * (*header is then not to be used).
 */
int virnet_decode(const uint8_t bytes[VIRNET_HEADER_BYTES], uint32_t max,
		  struct virnet_header *header);

/* Write a header; every field as it is. */
void virnet_encode(const struct virnet_header *header,
		   uint8_t bytes[VIRNET_HEADER_BYTES]);

#endif
