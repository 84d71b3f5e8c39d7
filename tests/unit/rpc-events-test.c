/* SPDX-License-Identifier: MIT */
/*
 * Events to those who registered: to nobody else, after the answer, and no more
 * of them than a slow reader may leave behind.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "rpc-peer.h"
#include "rpc-view.h"
#include "rpc/events.h"

#define CODEC(type) (xdrproc_t) xdr_##type

static struct packet packet;
static const uint8_t gamma_uuid[16] = {0xc0, 0xc1};
static char alpha_name[] = "alpha";

static int setup(void **state)
{
	static struct peers peers;

	rpc_view_more = 0;
	peers_start(&peers);
	*state = &peers;
	return 0;
}

static int teardown(void **state)
{
	peers_stop(*state);
	return 0;
}

/* Call, and get the answer: the error code, or 0 and *result. */
static int call(struct peers *peers, int fd, int procedure, xdrproc_t in,
		void *args, xdrproc_t out, void *result)
{
	const uint8_t *reply;

	packet_call(&packet, procedure, 3, in, args);
	peer_send(peers, fd, packet.bytes, packet.header.length);
	size_t bytes = peer_read(fd, &reply);
	int code = packet_error(reply, bytes);
	if (code == 0 && out != NULL)
		packet_decode(reply, bytes, out, result);
	return code;
}

static int wish(struct peers *peers, int fd, int event, rmt_dom *dom)
{
	rmt_dom_event_args args = {.event = event, .dom = dom};
	int callback = 0;

	assert_int_equal(call(peers, fd, RMT_DOMAIN_EVENT_REGISTER,
			      CODEC(rmt_dom_event_args), &args, CODEC(int),
			      &callback),
			 0);
	assert_true(callback > 0);
	return callback;
}

static void happen(struct peers *peers, enum view_happening what,
		   enum view_end end)
{
	const struct view_listener *listener =
		rpc_server_listener(peers->server);
	const struct view_event event = {.what = what,
					 .end = end,
					 .name = "gamma",
					 .uuid = gamma_uuid,
					 .id = 9};

	listener->tell(listener->context, &event);
	peers_turn(peers);
}

/* The next packet is this lifecycle event. */
static void assert_lifecycle(int fd, int callback, int event, int detail)
{
	rmt_dom_lifecycle got = {0};
	struct virnet_header header;
	const uint8_t *bytes;

	size_t length = peer_read(fd, &bytes);
	assert_int_equal(virnet_decode(bytes, 1 << 20, &header), 0);
	assert_int_equal(header.type, VIRNET_MESSAGE);
	assert_int_equal(header.program, VIRNET_PROGRAM_REMOTE);
	assert_int_equal(header.procedure, RMT_DOMAIN_EVENT_LIFECYCLE);
	assert_int_equal(header.serial, 0);
	assert_int_equal(header.status, VIRNET_OK);
	packet_decode(bytes, length, CODEC(rmt_dom_lifecycle), &got);
	assert_int_equal(got.callback, callback);
	assert_string_equal(got.dom.name, "gamma");
	assert_memory_equal(got.dom.uuid, gamma_uuid, 16);
	assert_int_equal(got.event, event);
	assert_int_equal(got.detail, detail);
	xdr_free(CODEC(rmt_dom_lifecycle), &got);
}

static void who_registered_hears_and_nobody_else(void **state)
{
	struct peers *peers = *state;
	int one = peer_open(peers, RPC_SOCKET_RW);
	int two = peer_open(peers, RPC_SOCKET_RO);
	int deaf = peer_open(peers, RPC_SOCKET_RO);
	int first = wish(peers, one, VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL);
	int again = wish(peers, one, VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL);
	int second = wish(peers, two, VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL);

	wish(peers, deaf, VIR_DOMAIN_EVENT_ID_REBOOT, NULL);
	assert_int_equal(rpc_server_wishes(peers->server), 4);
	happen(peers, VIEW_GUEST_STARTED, VIEW_END_GONE);
	assert_lifecycle(one, first, VIR_DOMAIN_EVENT_STARTED, 0);
	assert_lifecycle(one, again, VIR_DOMAIN_EVENT_STARTED, 0);
	assert_lifecycle(two, second, VIR_DOMAIN_EVENT_STARTED, 0);
	assert_true(peer_is_quiet(one) && peer_is_quiet(two));
	assert_true(peer_is_quiet(deaf));
	assert_int_equal(call(peers, one, RMT_DOMAIN_EVENT_DEREGISTER,
			      CODEC(int), &first, NULL, NULL),
			 0);
	assert_int_equal(call(peers, one, RMT_DOMAIN_EVENT_DEREGISTER,
			      CODEC(int), &first, NULL, NULL),
			 VIR_ERR_INVALID_ARG);
	/* It is no registration for pools either. */
	assert_int_equal(call(peers, one, RMT_POOL_EVENT_DEREGISTER, CODEC(int),
			      &again, NULL, NULL),
			 VIR_ERR_INVALID_ARG);
	happen(peers, VIEW_GUEST_ENDED, VIEW_END_DESTROYED);
	assert_lifecycle(one, again, VIR_DOMAIN_EVENT_STOPPED,
			 VIR_DOMAIN_EVENT_STOPPED_DESTROYED);
	assert_true(peer_is_quiet(one));
	close(one);
	close(two);
	close(deaf);
	peers_turn(peers);
	assert_int_equal(rpc_server_wishes(peers->server), 0);
}

static void of_one_guest_alone(void **state)
{
	struct peers *peers = *state;
	int fd = peer_open(peers, RPC_SOCKET_RO);
	rmt_dom alpha = {.name = alpha_name, .id = 1};
	rmt_dom_event_args args = {.dom = &alpha};

	assert_int_equal(call(peers, fd, RMT_DOMAIN_EVENT_REGISTER,
			      CODEC(rmt_dom_event_args), &args, NULL, NULL),
			 VIR_ERR_NO_DOMAIN);
	for (int i = 0; i < 16; i++)
		alpha.uuid[i] = (char)(0xa0 + i);
	wish(peers, fd, VIR_DOMAIN_EVENT_ID_LIFECYCLE, &alpha);
	happen(peers, VIEW_GUEST_STARTED, VIEW_END_GONE);
	assert_true(peer_is_quiet(fd));
	close(fd);
}

static void refuses_what_is_no_event_and_too_many(void **state)
{
	struct peers *peers = *state;
	int fd = peer_open(peers, RPC_SOCKET_RO);
	rmt_dom_event_args args = {.event = -1};
	rmt_pool_event_args pool = {.event = 2};

	assert_int_equal(call(peers, fd, RMT_DOMAIN_EVENT_REGISTER,
			      CODEC(rmt_dom_event_args), &args, NULL, NULL),
			 VIR_ERR_INVALID_ARG);
	args.event = 1000;
	assert_int_equal(call(peers, fd, RMT_DOMAIN_EVENT_REGISTER,
			      CODEC(rmt_dom_event_args), &args, NULL, NULL),
			 VIR_ERR_INVALID_ARG);
	assert_int_equal(call(peers, fd, RMT_POOL_EVENT_REGISTER,
			      CODEC(rmt_pool_event_args), &pool, NULL, NULL),
			 VIR_ERR_INVALID_ARG);
	for (int i = 0; i < EVENTS_MAX; i++)
		wish(peers, fd, i % 27, NULL);
	args.event = 0;
	assert_int_equal(call(peers, fd, RMT_DOMAIN_EVENT_REGISTER,
			      CODEC(rmt_dom_event_args), &args, NULL, NULL),
			 VIR_ERR_OPERATION_FAILED);
	close(fd);
}

static void the_answer_comes_before_the_event(void **state)
{
	struct peers *peers = *state;
	int fd = peer_open(peers, RPC_SOCKET_RW);
	rmt_pool_event_args args = {.event = VIR_STORAGE_POOL_EVENT_ID_REFRESH};
	rmt_pool_flags refresh = {.pool.name = alpha_name};
	rmt_pool_refresh got = {0};
	struct virnet_header header;
	const uint8_t *bytes;
	int callback = 0;

	for (int i = 0; i < 16; i++)
		refresh.pool.uuid[i] = (char)(0x10 + i);
	assert_int_equal(call(peers, fd, RMT_POOL_EVENT_REGISTER,
			      CODEC(rmt_pool_event_args), &args, CODEC(int),
			      &callback),
			 0);
	/* The reply to who did it, then what it did. */
	assert_int_equal(call(peers, fd, RMT_POOL_REFRESH,
			      CODEC(rmt_pool_flags), &refresh, NULL, NULL),
			 0);
	size_t length = peer_read(fd, &bytes);
	assert_int_equal(virnet_decode(bytes, 1 << 20, &header), 0);
	assert_int_equal(header.procedure, RMT_POOL_EVENT_REFRESH);
	packet_decode(bytes, length, CODEC(rmt_pool_refresh), &got);
	assert_int_equal(got.callback, callback);
	assert_string_equal(got.pool.name, "default");
	xdr_free(CODEC(rmt_pool_refresh), &got);
	close(fd);
}

static void tells_what_a_guest_holds_once_it_changes(void **state)
{
	struct peers *peers = *state;
	struct rpc_limits limits = rpc_server_limits(peers->server);
	rmt_dom_balloon got = {0};
	const uint8_t *bytes;

	limits.balloon_usec = 1000;
	rpc_server_limit(peers->server, &limits);
	int fd = peer_open(peers, RPC_SOCKET_RO);
	int callback =
		wish(peers, fd, VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, NULL);
	rpc_view_more = 5;
	while (peer_is_quiet(fd))
		assert_true(sd_event_run(peers->event, UINT64_MAX) >= 0);
	size_t length = peer_read(fd, &bytes);
	packet_decode(bytes, length, CODEC(rmt_dom_balloon), &got);
	assert_int_equal(got.callback, callback);
	assert_string_equal(got.dom.name, "alpha");
	assert_int_equal(got.actual, (12 + 5) * 2048);
	xdr_free(CODEC(rmt_dom_balloon), &got);
	/* And once: as nothing has changed, the next looks say nothing. */
	for (int i = 0; i < 3; i++)
		assert_true(sd_event_run(peers->event, UINT64_MAX) >= 0);
	assert_true(peer_is_quiet(fd));
	close(fd);
}

static void who_does_not_read_is_cut_and_delays_nobody(void **state)
{
	struct peers *peers = *state;
	int slow = peer_open(peers, RPC_SOCKET_RO);
	int fast = peer_open(peers, RPC_SOCKET_RO);
	int callback = wish(peers, fast, VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL);

	for (int i = 0; i < 8; i++)
		wish(peers, slow, VIR_DOMAIN_EVENT_ID_LIFECYCLE, NULL);
	int count = 0;
	while (rpc_server_wishes(peers->server) == 9) {
		happen(peers, VIEW_GUEST_STARTED, VIEW_END_GONE);
		assert_lifecycle(fast, callback, VIR_DOMAIN_EVENT_STARTED, 0);
		/* What the socket takes, and the daemon keeps for it. */
		assert_in_range(++count, 1, 10000);
	}
	assert_true(count > 256);
	assert_int_equal(rpc_server_wishes(peers->server), 1);
	assert_true(peer_is_cut(slow));
	peer_expect_service(peers, fast);
	close(slow);
	close(fast);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_registered_hears_and_nobody_else),
		TEST(of_one_guest_alone),
		TEST(refuses_what_is_no_event_and_too_many),
		TEST(the_answer_comes_before_the_event),
		TEST(tells_what_a_guest_holds_once_it_changes),
		TEST(who_does_not_read_is_cut_and_delays_nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
