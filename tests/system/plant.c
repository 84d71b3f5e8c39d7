/* SPDX-License-Identifier: MIT */
/*
 * Does by hand what nobody should, for `labyrinth audit` to find:
 *
 *   plant vmm SOCKET NAME WAY [FILE]   leases two extents, and maps them so
 *   plant map FILE                     maps a lease that is not its own
 *   plant hold FILE                    holds its descriptor
 *   plant apart FILE                   likewise, in a thread with own files
 *   plant orphan FILE                  maps it, and its first thread has ended
 *   plant inside FILE                  has process PID itself map it
 *
 * FILE is /proc/PID/fd/N. Says "ready" when it is done, and stays so until its
 * standard input ends.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "lease/client.h"

#define LEASES 2
#define FILLER 0x5a

static void *map_at(int fd, size_t bytes, int flags)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED) {
		perror("plant: mmap");
		exit(1);
	}
	return at;
}

static void must(int r, const char *what)
{
	if (r == 0)
		return;
	perror(what);
	exit(1);
}

/* What two leases have in common, and no two pages of one: KSM's to find. */
static void write_pages(uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += LAB_PAGE_SIZE) {
		memset(at + i, FILLER, LAB_PAGE_SIZE);
		memcpy(at + i, &i, sizeof(i));
	}
}

/* One way to map a lease; each leaves out or adds what its name says. */
static void plant_mapping(int fd, const char *way)
{
	bool private = strcmp(way, "private") == 0 ||
		       strcmp(way, "merge") == 0 || strcmp(way, "cached") == 0;
	bool out = strcmp(way, "swapped") == 0 || strcmp(way, "cached") == 0;
	size_t bytes = strcmp(way, "half") == 0 ? LAB_EXTENT_SIZE / 2
						: LAB_EXTENT_SIZE;
	bool sparse = strcmp(way, "sparse") == 0;

	if (strcmp(way, "nothing") == 0)
		return;
	void *at = map_at(fd, bytes,
			  (private ? MAP_PRIVATE : MAP_SHARED) |
				  (sparse ? 0 : MAP_POPULATE));
	if (strcmp(way, "twice") == 0)
		plant_mapping(fd, "whole");
	if (private)
		write_pages(at, bytes);
	if (strcmp(way, "merge") == 0)
		must(madvise(at, bytes, MADV_MERGEABLE), "MADV_MERGEABLE");
	if (strcmp(way, "forkable") != 0 && strcmp(way, "child") != 0)
		must(madvise(at, bytes, MADV_DONTFORK), "MADV_DONTFORK");
	if (strcmp(way, "dumpable") != 0)
		must(madvise(at, bytes, MADV_DONTDUMP), "MADV_DONTDUMP");
	if (strcmp(way, "patchy") == 0)
		bytes /= 2;
	if (!sparse && strcmp(way, "unlocked") != 0 && !out)
		must(mlock(at, bytes), "mlock");
	if (out)
		must(madvise(at, bytes, MADV_PAGEOUT), "MADV_PAGEOUT");
	/* Read again, and not written: it is in both places. */
	if (strcmp(way, "cached") == 0)
		must(madvise(at, bytes, MADV_POPULATE_READ), "read again");
}

static void stay(void)
{
	char byte;

	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* What is not ours: mapped well, or not at all. */
static void plant_stranger(const char *path, bool map)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	if (!map)
		return;
	plant_mapping(fd, "whole");
	close(fd);
}

static void *hold_apart(void *path)
{
	must(unshare(CLONE_FILES), "unshare");
	plant_stranger(path, false);
	stay();
	exit(0);
}

static void *map_alone(void *path)
{
	plant_stranger(path, true);
	stay();
	exit(0);
}

/* A thread does it, while the first one waits or has ended. */
static void plant_thread(char *path, bool map)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, map ? map_alone : hold_apart, path))
		exit(1);
	if (map)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
}

static void trace(enum __ptrace_request request, pid_t pid, uintptr_t address,
		  void *data)
{
	must(ptrace(request, pid, address, data) < 0, "ptrace");
}

/*
 * Have another process make a system call, which is as good as a bug in it: at
 * wherever it is, and then it goes on from there.
 */
static void call_inside(pid_t pid, const unsigned long long arguments[7])
{
	struct user_regs_struct before, regs;
	uintptr_t syscall_instruction = 0x050f;
	int status;

	trace(PTRACE_ATTACH, pid, 0, NULL);
	must(waitpid(pid, &status, 0) != pid, "waitpid");
	trace(PTRACE_GETREGS, pid, 0, &before);
	errno = 0;
	long text = ptrace(PTRACE_PEEKTEXT, pid, before.rip, NULL);
	must(errno != 0, "PTRACE_PEEKTEXT");
	trace(PTRACE_POKETEXT, pid, before.rip, (void *)syscall_instruction);
	regs = before;
	regs.orig_rax = -1ull; /* nothing to be started again */
	regs.rax = arguments[0];
	regs.rdi = arguments[1];
	regs.rsi = arguments[2];
	regs.rdx = arguments[3];
	regs.r10 = arguments[4];
	regs.r8 = arguments[5];
	regs.r9 = arguments[6];
	trace(PTRACE_SETREGS, pid, 0, &regs);
	trace(PTRACE_SINGLESTEP, pid, 0, NULL);
	must(waitpid(pid, &status, 0) != pid, "waitpid");
	trace(PTRACE_POKETEXT, pid, before.rip, (void *)text);
	trace(PTRACE_SETREGS, pid, 0, &before);
	trace(PTRACE_DETACH, pid, 0, NULL);
}

static void plant_inside(const char *path)
{
	int pid, fd;

	must(sscanf(path, "/proc/%d/fd/%d", &pid, &fd) != 2, path);
	call_inside(pid, (const unsigned long long[]){
				 SYS_mmap, 0, LAB_EXTENT_SIZE, PROT_READ,
				 MAP_SHARED | MAP_POPULATE, fd, 0});
}

static int vmm(const char *socket, const char *name, const char *way,
	       const char *path)
{
	const struct client_request request = {.name = name,
					       .pool = "default",
					       .memory = LEASES,
					       .guarantee = LEASES,
					       .limit = LEASES,
					       .cpus = 1};
	struct client_welcome welcome;
	struct client client;
	struct lease lease;
	struct err err;

	if (client_connect(&client, socket, &err) < 0 ||
	    client_hello(&client, &request, &welcome, &err) < 0) {
		fprintf(stderr, "plant: %s\n", err.text);
		return 1;
	}
	struct lease_source source = client_source(&client);
	for (int i = 0; i < LEASES; i++) {
		if (source.get(source.context, &lease) < 0) {
			fprintf(stderr, "plant: %s\n", client.last.text);
			return 1;
		}
		plant_mapping(lease.fd, way);
		if (strcmp(way, "keep") != 0)
			close(lease.fd);
	}
	if (path != NULL)
		plant_stranger(path, true);
	if (strcmp(way, "child") == 0 && fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		client_close(&client);
		while (true)
			pause();
	}
	stay();
	client_close(&client);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && strcmp(argv[1], "vmm") == 0)
		return vmm(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 3 &&
	    (strcmp(argv[1], "map") == 0 || strcmp(argv[1], "hold") == 0)) {
		plant_stranger(argv[2], strcmp(argv[1], "map") == 0);
		stay();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "inside") == 0) {
		plant_inside(argv[2]);
		stay();
		return 0;
	}
	if (argc == 3 &&
	    (strcmp(argv[1], "apart") == 0 || strcmp(argv[1], "orphan") == 0))
		plant_thread(argv[2], strcmp(argv[1], "orphan") == 0);
	fprintf(stderr, "usage: plant vmm SOCKET NAME WAY [FILE]\n"
			"       plant map|hold|apart|orphan|inside FILE\n");
	return 1;
}
