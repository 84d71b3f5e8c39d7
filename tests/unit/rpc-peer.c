/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc-peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc-view.h"

/* The most turns that any of the tests is good for. */
#define TURNS_MAX 1000000

void peers_start(struct peers *self)
{
	struct err err;

	strcpy(self->directory, "/tmp/rpc-test-XXXXXX");
	assert_non_null(mkdtemp(self->directory));
	assert_true(sd_event_new(&self->event) >= 0);
	assert_int_equal(rpc_server_new(&self->server, self->event,
					self->directory, &rpc_view_source,
					&err),
			 0);
}

void peers_stop(struct peers *self)
{
	rpc_server_free(self->server);
	sd_event_unref(self->event);
	/* Fails if a socket is left. */
	assert_int_equal(rmdir(self->directory), 0);
	assert_int_equal(rpc_view_alive, 0);
}

void peers_turn(struct peers *self)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		int r = sd_event_run(self->event, 0);
		assert_true(r >= 0);
		if (r == 0)
			return;
	}
	fail_msg("the loop does not come to rest");
}

int peer_connect(struct peers *self, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
		 self->directory, name);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	peers_turn(self);
	return fd;
}

int peer_open(struct peers *self, const char *name)
{
	static struct packet packet;
	const uint8_t *reply;
	int fd = peer_connect(self, name);

	packet_open(&packet, 0, 0);
	peer_send(self, fd, packet.bytes, packet.header.length);
	size_t bytes = peer_read(fd, &reply);
	assert_int_equal(packet_error(reply, bytes), 0);
	return fd;
}

void peer_send(struct peers *self, int fd, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count > 0) {
		ssize_t sent = send(fd, at, count, MSG_NOSIGNAL);
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			break; /* it will be seen in reading */
		if (sent < 0)
			assert_int_equal(errno, EAGAIN);
		if (sent > 0) {
			at += sent;
			count -= (size_t)sent;
		}
		peers_turn(self);
	}
}

size_t peer_read(int fd, const uint8_t **bytes)
{
	static uint8_t buffer[8 << 20];
	struct virnet_header header;

	ssize_t got = recv(fd, buffer, VIRNET_HEADER_BYTES, 0);
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return 0;
	assert_int_equal(got, VIRNET_HEADER_BYTES);
	assert_int_equal(virnet_decode(buffer, sizeof(buffer), &header), 0);
	size_t rest = header.length - VIRNET_HEADER_BYTES;
	if (rest > 0)
		assert_int_equal(
			recv(fd, buffer + VIRNET_HEADER_BYTES, rest, 0), rest);
	*bytes = buffer;
	return header.length;
}

bool peer_is_quiet(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

bool peer_is_cut(int fd)
{
	uint8_t buffer[4096];
	ssize_t got;

	do {
		got = recv(fd, buffer, sizeof(buffer), 0);
	} while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

void peer_expect_service(struct peers *self, int fd)
{
	static struct packet packet;
	const uint8_t *reply;
	int count = 0;

	packet_call(&packet, RMT_CONNECT_NUM_DOMAINS, 99, NULL, NULL);
	peer_send(self, fd, packet.bytes, packet.header.length);
	size_t bytes = peer_read(fd, &reply);
	assert_int_equal(packet_error(reply, bytes), 0);
	packet_decode(reply, bytes, (xdrproc_t)xdr_int, &count);
	assert_int_equal(count, rpc_view_guests > 0 ? rpc_view_guests : 2);
}
