/* SPDX-License-Identifier: MIT */
/*
 * The libvirt endpoint over a broker that never moves: rpc-stub DIRECTORY
 * [GUESTS]. Prints `ready` once it listens, and stops at the end of its
 * standard input. No test of its own: rpc-virsh.sh looks at it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rpc-view.h"
#include "rpc/server.h"

static int on_input(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	char byte;

	(void)events;
	(void)context;
	if (read(fd, &byte, 1) > 0)
		return 0;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

int main(int argc, char **argv)
{
	struct rpc_server *server;
	sd_event *event;
	struct err err;

	if (argc < 2) {
		fprintf(stderr, "usage: rpc-stub DIRECTORY [GUESTS]\n");
		return 2;
	}
	if (argc > 2)
		rpc_view_guests = strtoul(argv[2], NULL, 10);
	if (sd_event_new(&event) < 0 ||
	    sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input,
			    NULL) < 0) {
		fprintf(stderr, "rpc-stub: no event loop on this input\n");
		return 1;
	}
	if (rpc_server_new(&server, event, argv[1], &rpc_view_source, &err) <
	    0) {
		fprintf(stderr, "rpc-stub: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	int r = sd_event_loop(event);
	rpc_server_free(server);
	sd_event_unref(event);
	return r < 0 || rpc_view_alive != 0;
}
