/* SPDX-License-Identifier: MIT */
/*
 * What it takes to have one lease more, mapped and resident: nanoseconds, the
 * median of LEASES, one after the other.
 *
 *   lease-calls broker SOCKET LEASES   from a broker's ready stock
 *   lease-calls bare BACKING LEASES    the same system calls, without a broker:
 *                                      another process has such files ready
 *   lease-calls new BACKING LEASES     and it makes each when asked
 *
 * BACKING is hugetlb, or shmem, or thp: which is shmem with the machine's THP
 * on.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/fd.h"
#include "lease/client.h"

#include "bench.h"

#define MOST 512

static uint8_t *window;
static uint64_t samples[MOST];

/* As the VMM maps a lease: memory.c. */
static void map(unsigned int number, int fd)
{
	void *at = window + (size_t)number * LAB_EXTENT_SIZE;

	if (mmap(at, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
		err(1, "mmap");
	close(fd);
}

/* A file that is as the broker's: all of it there, and of a fixed size. */
static int make_file(bool huge)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING |
					       (huge ? MFD_HUGETLB : 0));

	if (fd < 0 || ftruncate(fd, LAB_EXTENT_SIZE) < 0 ||
	    fallocate(fd, 0, 0, LAB_EXTENT_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0)
		err(1, "a file of 2 MiB");
	return fd;
}

/* The other process: a message in, a message with a descriptor out. */
static void serve(int socket, bool huge, unsigned int ready)
{
	struct lab_lease_msg message;
	int files[MOST];
	int unwanted;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0; i < ready; i++)
		files[i] = make_file(huge);
	for (unsigned int i = 0;
	     fd_receive(socket, &message, sizeof(message), &unwanted, 0) > 0;
	     i++) {
		int fd = i < ready ? files[i] : make_file(huge);

		if (fd_send(socket, &message, sizeof(message), fd, 0) < 0)
			break;
		close(fd);
	}
	_exit(0);
}

static void measure_bare(bool huge, unsigned int count, bool ready)
{
	struct lab_lease_msg message = {.magic = LAB_LEASE_MAGIC};
	int sockets[2], fd;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		err(1, "socketpair");
	pid_t child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		close(sockets[0]);
		serve(sockets[1], huge, ready ? count : 1);
	}
	close(sockets[1]);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = bench_now();

		if (fd_send(sockets[0], &message, sizeof(message), -1, 0) < 0 ||
		    fd_receive(sockets[0], &message, sizeof(message), &fd, 0) <=
			    0)
			errx(1, "the other process is gone");
		map(i, fd);
		samples[i] = bench_now() - start;
	}
	close(sockets[0]);
}

static void measure_broker(const char *path, unsigned int count)
{
	const struct client_request request = {.name = "bench",
					       .pool = "default",
					       .memory = 1,
					       .guarantee = 1,
					       .limit = count,
					       .cpus = 1};
	struct client_welcome welcome;
	struct client client;
	struct lease lease;
	struct err error;

	if (client_connect(&client, path, &error) < 0 ||
	    client_hello(&client, &request, &welcome, &error) < 0)
		errx(1, "%s", error.text);
	struct lease_source source = client_source(&client);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = bench_now();
		int r = source.get(source.context, &lease);

		if (r < 0)
			errx(1, "lease %u: %s", i, strerror(-r));
		map(i, lease.fd);
		samples[i] = bench_now() - start;
	}
	client_close(&client);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: lease-calls broker SOCKET LEASES | bare BACKING"
			" LEASES | new BACKING LEASES");
	unsigned int count = bench_number(argv[3], MOST);
	bool huge = strcmp(argv[2], "hugetlb") == 0;

	window = mmap(NULL, (size_t)count * LAB_EXTENT_SIZE, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window == MAP_FAILED)
		err(1, "mmap");
	if (strcmp(argv[1], "broker") == 0)
		measure_broker(argv[2], count);
	else
		measure_bare(huge, count, strcmp(argv[1], "bare") == 0);
	printf("lease_ns %" PRIu64 "\n", bench_median(samples, count));
	return 0;
}
