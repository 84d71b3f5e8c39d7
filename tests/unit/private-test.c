/* SPDX-License-Identifier: MIT */
/* Starting a private broker, played by a script that looks around. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lease/client.h"
#include "lease/private.h"

/* Arguments, what is open, and whether 3 is a socket, as the exit status. */
static const char script[] =
	"#!/bin/sh\n"
	"[ \"$*\" = '--pool mine=6M --serve-fd 3' ] || exit 1\n"
	"[ -S /proc/$$/fd/3 ] || exit 2\n"
	"[ \"$(readlink /proc/$$/fd/0)\" = /dev/null ] || exit 3\n"
	/* The shell itself holds its script at 10 or above. */
	"for fd in 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || exit 4; done\n"
	"exit 42\n";

static int status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void starts_it_with_a_socket_and_nothing_else(void **state)
{
	char path[] = "/tmp/labyrinth-XXXXXX";
	struct client_request request = {.name = "guest", .pool = "mine"};
	struct client_welcome welcome;
	struct client client;
	struct err err = {.text = ""};
	int socket = -1;
	pid_t pid = 0;
	(void)state;

	int file = mkstemp(path);
	assert_int_equal(write(file, script, strlen(script)), strlen(script));
	assert_int_equal(fchmod(file, 0700), 0);
	close(file);
	setenv("LABYRINTHD", path, 1);
	int inherited = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	if (private_broker_start("mine", 3, &socket, &pid, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fcntl(socket, F_GETFD), FD_CLOEXEC);
	assert_int_equal(status_of(pid), 42);
	close(inherited);
	unlink(path);

	/* It ended without a word: that is an error, not a wait. */
	client_from_fd(&client, socket);
	assert_int_equal(client_hello(&client, &request, &welcome, &err),
			 -EPIPE);
	client_close(&client);
}

static void says_what_it_did_not_find(void **state)
{
	struct err err = {.text = ""};
	int socket = -1;
	pid_t pid = 0;
	(void)state;

	setenv("LABYRINTHD", "/nonexistent/labyrinthd", 1);
	assert_int_equal(private_broker_start("mine", 3, &socket, &pid, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/labyrinthd"));
	assert_int_equal(socket, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_it_with_a_socket_and_nothing_else),
		cmocka_unit_test(says_what_it_did_not_find),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
