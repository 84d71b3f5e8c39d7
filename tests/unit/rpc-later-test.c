/* SPDX-License-Identifier: MIT */
/* Answers that take a while, and consoles: what comes after its call's turn. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <unistd.h>

#include "rpc-act-support.h"
#include "rpc-peer.h"

static struct packet packet;

/* Over a socket: the answer comes when it does, and is the call's own. */

static int connect_actor(struct peers *peers)
{
	peers_start(peers);
	rpc_server_act(peers->server, &acts);
	return peer_open(peers, RPC_SOCKET_RW);
}

static void ask_to_start(struct peers *peers, int fd)
{
	rmt_dom gamma = dom_of(1);

	packet_call(&packet, RMT_DOMAIN_CREATE, 9, CODEC(rmt_dom), &gamma);
	peer_send(peers, fd, packet.bytes, packet.header.length);
	assert_string_equal(asked, "start gamma");
	assert_non_null(waiting);
	assert_true(peer_is_quiet(fd));
}

static void finish(struct peers *peers, int r)
{
	struct err err;

	err_say(&err, EIO, "it did not start");
	waiting->run = NULL;
	waiting->done(waiting, r, &err);
	peers_turn(peers);
}

static void an_answer_takes_its_time(void **state)
{
	struct peers peers;
	const uint8_t *bytes;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	finish(&peers, 0);
	size_t length = peer_read(fd, &bytes);
	assert_int_equal(packet_error(bytes, length), 0);
	/* And once more on the same connection, where it fails. */
	ask_to_start(&peers, fd);
	finish(&peers, -EIO);
	length = peer_read(fd, &bytes);
	assert_int_equal(packet_error(bytes, length), VIR_ERR_OPERATION_FAILED);
	peer_expect_service(&peers, fd);
	close(fd);
	peers_turn(&peers);
	assert_int_equal(forgotten, 0);
	peers_stop(&peers);
}

static void calls_wait_for_the_one_before(void **state)
{
	struct peers peers;
	const uint8_t *bytes;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	packet_call(&packet, RMT_CONNECT_GET_TYPE, 10, NULL, NULL);
	peer_send(&peers, fd, packet.bytes, packet.header.length);
	assert_true(peer_is_quiet(fd));
	finish(&peers, 0);
	peer_read(fd, &bytes);
	peer_read(fd, &bytes);
	close(fd);
	peers_turn(&peers);
	peers_stop(&peers);
}

static void who_goes_is_waited_for_no_more(void **state)
{
	struct peers peers;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	close(fd);
	peers_turn(&peers);
	assert_int_equal(forgotten, 1);
	/* As well when it is the server that goes. */
	fd = peer_open(&peers, RPC_SOCKET_RW);
	ask_to_start(&peers, fd);
	peers_stop(&peers);
	assert_int_equal(forgotten, 2);
	close(fd);
}

/* Consoles */

static void open_console(struct peers *peers, int fd)
{
	rmt_console_args args = {.dom = dom_of(0)};
	const uint8_t *bytes;

	packet_call(&packet, RMT_DOMAIN_OPEN_CONSOLE, 77,
		    CODEC(rmt_console_args), &args);
	peer_send(peers, fd, packet.bytes, packet.header.length);
	assert_string_equal(asked, "listen alpha");
	size_t length = peer_read(fd, &bytes);
	assert_int_equal(packet_error(bytes, length), 0);
}

/* The next packet is of the stream, with this text; NULL: any. */
static size_t assert_stream(int fd, enum virnet_status status, const char *text)
{
	struct virnet_header header;
	const uint8_t *bytes;

	size_t length = peer_read(fd, &bytes);
	assert_int_equal(virnet_decode(bytes, PACKET_MAX, &header), 0);
	assert_int_equal(header.type, VIRNET_STREAM);
	assert_int_equal(header.status, status);
	assert_int_equal(header.procedure, RMT_DOMAIN_OPEN_CONSOLE);
	assert_int_equal(header.serial, 77);
	length -= VIRNET_HEADER_BYTES;
	if (text != NULL) {
		assert_int_equal(length, strlen(text));
		assert_memory_equal(bytes + VIRNET_HEADER_BYTES, text, length);
	}
	return length;
}

/* What a client sends of the stream: input, or its end. */
static void say_stream(struct peers *peers, int fd, enum virnet_status status)
{
	packet_call(&packet, RMT_DOMAIN_OPEN_CONSOLE, 77, NULL, NULL);
	packet.header.type = VIRNET_STREAM;
	packet.header.status = status;
	virnet_encode(&packet.header, packet.bytes);
	peer_send(peers, fd, packet.bytes, packet.header.length);
}

static void a_console_is_heard(void **state)
{
	struct peers peers;

	(void)state;
	int fd = connect_actor(&peers);
	print("before ");
	open_console(&peers, fd);
	assert_stream(fd, VIRNET_CONTINUE, "before ");
	assert_true(peer_is_quiet(fd));
	print("after");
	peers_turn(&peers);
	assert_stream(fd, VIRNET_CONTINUE, "after");
	say_stream(&peers, fd, VIRNET_CONTINUE); /* input: nobody takes it */
	assert_true(peer_is_quiet(fd));
	peer_expect_service(&peers, fd);
	/* The client has heard enough. */
	say_stream(&peers, fd, VIRNET_ERROR);
	assert_stream(fd, VIRNET_OK, "");
	assert_null(listener);
	print("unheard");
	peers_turn(&peers);
	assert_true(peer_is_quiet(fd));
	open_console(&peers, fd); /* another */
	assert_stream(fd, VIRNET_CONTINUE, "before afterunheard");
	close(fd);
	peers_turn(&peers);
	assert_null(listener);
	peers_stop(&peers);
}

static void a_console_ends_with_its_last_words(void **state)
{
	struct peers peers;

	(void)state;
	int fd = connect_actor(&peers);
	open_console(&peers, fd);
	assert_true(peer_is_quiet(fd));
	struct act_listener *l = listener;
	print("last words");
	act_unlisten(l);
	l->over(l);
	printed_bytes = 0; /* the console is gone */
	peers_turn(&peers);
	assert_stream(fd, VIRNET_CONTINUE, "last words");
	assert_stream(fd, VIRNET_CONTINUE, "");
	say_stream(&peers, fd, VIRNET_OK);
	assert_stream(fd, VIRNET_OK, "");
	peer_expect_service(&peers, fd);
	close(fd);
	peers_turn(&peers);
	peers_stop(&peers);
}

/* More than a socket takes, to one that reads late: nobody waits for it. */
static void a_slow_listener_holds_one_packet(void **state)
{
	struct peers peers;
	size_t heard = 0;

	(void)state;
	int fd = connect_actor(&peers);
	int other = peer_open(&peers, RPC_SOCKET_RW);
	memset(printed, 'x', sizeof(printed) - 1);
	printed_bytes = sizeof(printed) - 1;
	open_console(&peers, fd);
	peer_expect_service(&peers, other);
	while (heard < printed_bytes) {
		heard += assert_stream(fd, VIRNET_CONTINUE, NULL);
		peers_turn(&peers);
	}
	assert_int_equal(heard, printed_bytes);
	close(fd);
	close(other);
	peers_turn(&peers);
	peers_stop(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_console_is_heard, setup),
		cmocka_unit_test_setup(a_console_ends_with_its_last_words,
				       setup),
		cmocka_unit_test_setup(a_slow_listener_holds_one_packet, setup),
		cmocka_unit_test_setup(an_answer_takes_its_time, setup),
		cmocka_unit_test_setup(calls_wait_for_the_one_before, setup),
		cmocka_unit_test_setup(who_goes_is_waited_for_no_more, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
