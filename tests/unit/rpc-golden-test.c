/* SPDX-License-Identifier: MIT */
/*
 * What stock virsh once sent, sent again, byte for byte: each answer is, byte
 * for byte, the one that it printed well. golden/record.py made the files; in
 * those named act-* there is a pool that can be defined.
 */
#include <config.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rpc-peer.h"
#include "rpc-pools.h"

#define NAMES_MAX 64

static char names[NAMES_MAX][64];
static size_t nnames;

/* The bytes that a line's hexadecimal digits say; how many. */
static size_t read_hex(const char *digits, uint8_t *bytes, size_t room)
{
	size_t count = 0;
	unsigned byte;

	while (count < room && sscanf(digits + 2 * count, "%2x", &byte) == 1)
		bytes[count++] = (uint8_t)byte;
	return count;
}

static void assert_answer(int fd, const uint8_t *wanted, size_t count,
			  unsigned line)
{
	const uint8_t *got;
	size_t length = peer_read(fd, &got);
	size_t same = 0;

	while (same < length && same < count && got[same] == wanted[same])
		same++;
	if (same < count || length != count)
		fail_msg("line %u: %zu bytes, %zu are wanted; byte %zu differs",
			 line, length, count, same);
}

static void says_what_it_said(void **state)
{
	static uint8_t bytes[PACKET_MAX];
	cleanup_free char *line = NULL;
	struct peers peers;
	size_t room = 0;
	unsigned number = 0;

	FILE *file = fopen(*state, "re");
	assert_non_null(file);
	peers_start(&peers);
	if (strncmp(*state, "act-", 4) == 0)
		rpc_server_act(peers.server, &rpc_pools_acts);
	int fd = peer_connect(&peers, RPC_SOCKET_RW);
	while (getline(&line, &room, file) > 0) {
		size_t count = read_hex(line + 2, bytes, sizeof(bytes));
		number++;
		assert_in_range(count, 28, sizeof(bytes) - 1);
		if (line[0] == '>')
			peer_send(&peers, fd, bytes, count);
		else
			assert_answer(fd, bytes, count, number);
	}
	assert_true(number > 2);
	/* The last was CLOSE and its answer. */
	assert_true(peer_is_cut(fd));
	close(fd);
	fclose(file);
	peers_stop(&peers);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The files of a folder that end in .txt, in order. */
static void find_files(const char *folder)
{
	DIR *dir = opendir(folder);

	for (struct dirent *entry = dir != NULL ? readdir(dir) : NULL;
	     entry != NULL && nnames < NAMES_MAX; entry = readdir(dir)) {
		size_t length = strlen(entry->d_name);
		if (length > 4 && length < sizeof(names[0]) &&
		    strcmp(entry->d_name + length - 4, ".txt") == 0)
			strcpy(names[nnames++], entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	qsort(names, nnames, sizeof(names[0]), by_name);
}

int main(void)
{
	static struct CMUnitTest tests[NAMES_MAX];
	const char *source = getenv("abs_top_srcdir");
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/tests/unit/golden",
		 source != NULL ? source : ".");
	find_files(folder);
	if (nnames == 0 || chdir(folder) != 0) {
		printf("Bail out! no exchanges in %s\n", folder);
		return 1;
	}
	for (size_t i = 0; i < nnames; i++)
		tests[i] = (struct CMUnitTest){.name = names[i],
					       .test_func = says_what_it_said,
					       .initial_state = names[i]};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("tests", tests, nnames, NULL, NULL);
}
