/* SPDX-License-Identifier: MIT */
/*
 * Thousands of spoilt packets, the same in each run: whatever comes, the
 * server survives it, leaks nothing, and still answers a good client.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc-peer.h"
#include "rpc-view.h"

#define SEED	UINT64_C(0x6c61627972696e74)
#define PACKETS 8000

/* A connection sees so many, unless it is cut before. */
#define PACKETS_PER_CONNECTION 16

static uint64_t random_state = SEED;

/* xorshift64: below `limit`, which is > 0. */
static uint32_t below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16) % limit;
}

static char pool_name[] = "default";
static char guest_name[] = "alpha";
static char key[] = "labyrinth:default/alpha";

static void fill_uuid(char *uuid, int first)
{
	for (int i = 0; i < 16; i++)
		uuid[i] = (char)(first + i);
}

/* A good packet of a random procedure, with arguments of a random shape. */
static void make_good(struct packet *packet)
{
	rmt_dom_flags dom = {.dom = {.name = guest_name, .id = 1}};
	rmt_pool_list_args pool = {.pool.name = pool_name, .need_results = 1};
	rmt_vol_flags vol = {.vol = {pool_name, guest_name, key}};
	rmt_pool_name name = {.pool.name = pool_name, .name = guest_name};
	u_int sizes[] = {4, 2048};
	rmt_pages_args pages = {.sizes = {2, sizes}, .cells = 1};
	char *text = key;
	int number = (int)below(8) - 1;
	rmt_list_args list = {.need_results = 1, .flags = below(64)};
	const struct {
		xdrproc_t codec;
		void *value;
	} shapes[] = {
		{NULL, NULL},
		{(xdrproc_t)xdr_rmt_dom, &dom},
		{(xdrproc_t)xdr_rmt_dom_flags, &dom},
		{(xdrproc_t)xdr_rmt_pool, &pool},
		{(xdrproc_t)xdr_rmt_pool_list_args, &pool},
		{(xdrproc_t)xdr_rmt_vol, &vol},
		{(xdrproc_t)xdr_rmt_vol_flags, &vol},
		{(xdrproc_t)xdr_rmt_pool_name, &name},
		{(xdrproc_t)xdr_rmt_pages_args, &pages},
		{(xdrproc_t)xdr_rmt_str, &text},
		{(xdrproc_t)xdr_int, &number},
		{(xdrproc_t)xdr_rmt_list_args, &list},
	};
	uint32_t shape = below(sizeof(shapes) / sizeof(shapes[0]));

	fill_uuid(dom.dom.uuid, 0xa0);
	fill_uuid(pool.pool.uuid, 0x10);
	fill_uuid(name.pool.uuid, 0x10);
	packet_call(packet, (int)below(400), below(1000), shapes[shape].codec,
		    shapes[shape].value);
}

static void put_word(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* Spoil a packet; returns how many of its bytes to send. */
static uint32_t spoil(struct packet *packet)
{
	static const uint32_t words[] = {0,	1,	    4096,      4097,
					 16384, UINT32_MAX, INT32_MAX, 1 << 20};
	uint32_t length = packet->header.length;
	uint32_t payload = length - VIRNET_HEADER_BYTES;

	switch (below(6)) {
	case 0: /* as it is, of whatever procedure */
		break;
	case 1: /* a word anywhere, the length too */
		put_word(packet->bytes + 4 * below(length / 4),
			 words[below(8)]);
		break;
	case 2: /* a word of the payload */
		if (payload >= 4)
			put_word(packet->bytes + VIRNET_HEADER_BYTES +
					 4 * below(payload / 4),
				 words[below(8)]);
		break;
	case 3: /* bits */
		for (uint32_t i = below(8) + 1; i > 0; i--)
			packet->bytes[4 + below(length - 4)] ^=
				(uint8_t)(1u << below(8));
		break;
	case 4: /* cut short, and honest about it */
		length = VIRNET_HEADER_BYTES + below(payload + 1);
		put_word(packet->bytes, length);
		break;
	default: /* with noise behind it */
		for (uint32_t i = 0; i < 64; i++)
			packet->bytes[length + i] = (uint8_t)below(256);
		length += below(65);
		put_word(packet->bytes, length);
	}
	return length;
}

static void survives_spoilt_packets(void **state)
{
	static struct packet packet;
	static struct peers peers;
	unsigned cut = 0;
	int fd = -1;

	(void)state;
	printf("# seed 0x%llx, %d packets\n", (unsigned long long)SEED,
	       PACKETS);
	peers_start(&peers);
	int good = peer_open(&peers, RPC_SOCKET_RW);
	for (unsigned i = 0; i < PACKETS; i++) {
		const char *name = below(4) ? RPC_SOCKET_RW : RPC_SOCKET_RO;
		if (fd < 0)
			fd = below(8) ? peer_open(&peers, name)
				      : peer_connect(&peers, name);
		make_good(&packet);
		uint32_t length = spoil(&packet);
		uint32_t first = below(length + 1);
		peer_send(&peers, fd, packet.bytes, first);
		peer_send(&peers, fd, packet.bytes + first, length - first);
		bool is_cut = peer_is_cut(fd);
		cut += is_cut;
		if (is_cut || i % PACKETS_PER_CONNECTION == 0) {
			close(fd);
			fd = -1;
		}
		if (i % 64 == 0)
			peer_expect_service(&peers, good);
	}
	peer_expect_service(&peers, good);
	close(good);
	if (fd >= 0)
		close(fd);
	peers_stop(&peers);
	/* Both ways were taken often. */
	assert_in_range(cut, PACKETS / 100, PACKETS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_spoilt_packets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
