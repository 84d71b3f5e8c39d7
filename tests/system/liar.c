/* SPDX-License-Identifier: MIT */
/*
 * liar REAL SOCKET LIE: a broker for auditors that passes the real one's ledger
 * on with one thing changed, so that the audit sees a ledger that is wrong.
 * Says "ready", and goes on until it is killed.
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <labyrinth/audit.h>

#include "base/cleanup.h"
#include "base/fd.h"

static void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

static int open_socket(const char *path, int server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	must(fd >= 0, "socket");
	if (server) {
		must(bind(fd, (void *)&address, sizeof(address)) == 0, path);
		must(listen(fd, 8) == 0, path);
	} else {
		must(connect(fd, (void *)&address, sizeof(address)) == 0, path);
	}
	return fd;
}

/* The first extent in this state, after those before `from`. */
static uint32_t find(const struct lab_audit *audit,
		     const struct lab_audit_extent *extents, uint32_t state,
		     uint32_t from)
{
	for (uint32_t i = from; i < audit->extents; i++)
		if (extents[i].state == state)
			return i;
	fprintf(stderr, "liar: no extent in state %u\n", state);
	exit(1);
}

static void tell(const char *lie, struct lab_audit *audit)
{
	struct lab_audit_pool *pools = (void *)(audit + 1);
	struct lab_audit_guest *guests = (void *)(pools + audit->pools);
	struct lab_audit_extent *extents = (void *)(guests + audit->guests);
	uint32_t leased = find(audit, extents, LAB_EXTENT_LEASED, 0);

	audit->pid = (uint32_t)getpid();
	if (strcmp(lie, "sums") == 0)
		pools[0].counts[LAB_EXTENT_BLANK]++;
	else if (strcmp(lie, "held") == 0)
		guests[0].held--;
	else if (strcmp(lie, "owner") == 0)
		extents[leased].owner = 4000000;
	else if (strcmp(lie, "limit") == 0)
		guests[0].limit = 1;
	else if (strcmp(lie, "guarantee") == 0)
		pools[0].guaranteed++;
	else if (strcmp(lie, "file") == 0)
		extents[find(audit, extents, LAB_EXTENT_BLANK, 0)].inode =
			extents[leased].inode;
	else if (strcmp(lie, "blank") == 0)
		extents[leased].state = LAB_EXTENT_BLANK;
	else if (strcmp(lie, "backing") == 0)
		pools[0].backing = pools[0].backing == LAB_BACKING_SHMEM
					   ? LAB_BACKING_HUGETLB
					   : LAB_BACKING_SHMEM;
	else if (strcmp(lie, "nonsense") == 0)
		audit->extents++;
	else
		must(0, lie);
}

/* One auditor: ask the real broker, change the answer, hand it on. */
static void serve(const char *real, int client, const char *lie)
{
	cleanup_close int broker = open_socket(real, 0);
	cleanup_close int truth = -1;
	struct lab_lease_msg m;

	must(fd_receive(client, &m, sizeof(m), NULL, 0) == sizeof(m), "ask");
	must(fd_send(broker, &m, sizeof(m), -1, 0) == 0, "pass it on");
	must(fd_receive(broker, &m, sizeof(m), &truth, 0) == sizeof(m),
	     "answer");
	size_t bytes = m.audited.bytes;
	void *from = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, truth, 0);
	cleanup_close int false_file = memfd_create("lie", MFD_ALLOW_SEALING);
	must(from != MAP_FAILED && ftruncate(false_file, (off_t)bytes) == 0,
	     "copy");
	void *to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			false_file, 0);
	must(to != MAP_FAILED, "copy");
	memcpy(to, from, bytes);
	tell(lie, to);
	munmap(from, bytes);
	munmap(to, bytes);
	must(fcntl(false_file, F_ADD_SEALS,
		   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0,
	     "seal");
	must(fd_send(client, &m, sizeof(m), false_file, 0) == 0, "hand over");
}

int main(int argc, char **argv)
{
	must(argc == 4, "usage: liar REAL SOCKET LIE");
	int listener = open_socket(argv[2], 1);
	printf("ready\n");
	fflush(stdout);
	while (1) {
		cleanup_close int client =
			accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		must(client >= 0, "accept");
		serve(argv[1], client, argv[3]);
	}
}
