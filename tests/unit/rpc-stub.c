/* SPDX-License-Identifier: MIT */
/*
 * The libvirt endpoint over a broker that never moves by itself: rpc-stub
 * DIRECTORY [GUESTS|pools]: with so many, or with a pool that can be defined.
 * Prints `ready` once it listens, `wishes N` whenever
 * clients have registered for events or do no longer, and stops at the end of
 * its standard input, each letter of which is something that happens. No test
 * of its own: the scripts rpc-*.sh look at it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rpc-pools.h"
#include "rpc-view.h"
#include "rpc/server.h"

/* What a letter says: of a guest that no snapshot has, but the last. */
static void happen(const struct rpc_server *server, char letter)
{
	static const uint8_t uuid[16] = "\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7"
					"\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf";
	const struct view_listener *listener = rpc_server_listener(server);
	struct view_event event = {.name = "gamma", .uuid = uuid, .id = 9};

	switch (letter) {
	case 's':
		event.what = VIEW_GUEST_STARTED;
		break;
	case 'g':
	case 'f':
	case 'd':
		event.what = VIEW_GUEST_ENDED;
		event.end = letter == 'g'   ? VIEW_END_GONE
			    : letter == 'f' ? VIEW_END_FAILED
					    : VIEW_END_DESTROYED;
		break;
	case 'n':
	case 'c':
		event.what = VIEW_GUEST_DEFINED;
		event.changed = letter == 'c';
		event.id = 0;
		break;
	case 'u':
		event.what = VIEW_GUEST_UNDEFINED;
		break;
	case 'N':
	case 'U':
	case 'S':
	case 'T':
		event.what = letter == 'N'   ? VIEW_POOL_DEFINED
			     : letter == 'U' ? VIEW_POOL_UNDEFINED
			     : letter == 'S' ? VIEW_POOL_STARTED
					     : VIEW_POOL_STOPPED;
		break;
	case 'r': /* as a client's refresh */
		event.what = VIEW_POOL_REFRESHED;
		event.name = "default";
		break;
	case 'b': /* alpha has a lease more */
		rpc_view_more++;
		return;
	default:
		return;
	}
	listener->tell(listener->context, &event);
}

static int on_input(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	char byte;

	(void)events;
	if (read(fd, &byte, 1) <= 0)
		return sd_event_exit(sd_event_source_get_event(source), 0);
	happen(context, byte);
	return 0;
}

/* After whatever happened. */
static int on_post(sd_event_source *source, void *context)
{
	static unsigned said;
	unsigned wishes = rpc_server_wishes(context);

	(void)source;
	if (wishes != said)
		printf("wishes %u\n", wishes);
	fflush(stdout);
	said = wishes;
	return 0;
}

int main(int argc, char **argv)
{
	struct rpc_server *server;
	sd_event *event;
	struct err err;

	if (argc < 2) {
		fprintf(stderr, "usage: rpc-stub DIRECTORY [GUESTS|pools]\n");
		return 2;
	}
	bool pools = argc > 2 && strcmp(argv[2], "pools") == 0;
	if (argc > 2 && !pools)
		rpc_view_guests = strtoul(argv[2], NULL, 10);
	if (sd_event_new(&event) < 0) {
		fprintf(stderr, "rpc-stub: no event loop\n");
		return 1;
	}
	if (rpc_server_new(&server, event, argv[1], &rpc_view_source, &err) <
	    0) {
		fprintf(stderr, "rpc-stub: %s\n", err.text);
		return 1;
	}
	if (pools)
		rpc_server_act(server, &rpc_pools_acts);
	struct rpc_limits limits = rpc_server_limits(server);
	limits.balloon_usec = 10000;
	rpc_server_limit(server, &limits);
	if (sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input,
			    server) < 0 ||
	    sd_event_add_post(event, NULL, on_post, server) < 0) {
		fprintf(stderr, "rpc-stub: no event loop on this input\n");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	int r = sd_event_loop(event);
	rpc_server_free(server);
	sd_event_unref(event);
	return r < 0 || rpc_view_alive != 0;
}
