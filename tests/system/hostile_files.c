/* SPDX-License-Identifier: MIT */
/* What a hostile VMM does with files: those of leases, and others. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL)

/* Its lease's file */

/* All that could make it larger, or keep the broker from cutting it. */
static const char *grow(struct vmm *vmm)
{
	int fd;

	vmm_lease(vmm, &fd);
	if (ftruncate(fd, 2 * LAB_EXTENT_SIZE) == 0 ||
	    fallocate(fd, 0, 0, 2 * LAB_EXTENT_SIZE) == 0 ||
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, LAB_EXTENT_SIZE,
		      LAB_EXTENT_SIZE) == 0 ||
	    pwrite(fd, "x", 1, LAB_EXTENT_SIZE) > 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return "lives";
	return "kept-out";
}

static const char *shrink(struct vmm *vmm)
{
	int fd;
	uint64_t id = vmm_lease(vmm, &fd);

	must(ftruncate(fd, 0) == 0, "ftruncate");
	vmm_lease(vmm, &fd);
	must(ftruncate(fd, 0) == 0, "ftruncate");
	vmm_return(vmm, id);
	return vmm_outcome(vmm);
}

static const char *punch(struct vmm *vmm)
{
	int fd;
	uint64_t id = vmm_lease(vmm, &fd);

	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		       LAB_EXTENT_SIZE) == 0,
	     "punch");
	vmm_return(vmm, id);
	return vmm_outcome(vmm);
}

/* Who opens the file waits for it; and its connection ends meanwhile. */
static const char *fence(struct vmm *vmm)
{
	char path[32];
	int fd;
	uint64_t id = vmm_lease(vmm, &fd);

	signal(SIGIO, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		int again = open(path, O_RDWR | O_CLOEXEC);
		must(fcntl(again, F_SETLEASE, F_WRLCK) == 0, "F_SETLEASE");
		if (i == 0)
			vmm_lease(vmm, &fd);
	}
	vmm_return(vmm, id);
	return vmm_outcome(vmm);
}

static void *write_from(void *page)
{
	int *fd = (int *)((uint8_t *)page + LAB_PAGE_SIZE);

	return write(*fd, page, LAB_PAGE_SIZE) < 0 ? page : NULL;
}

/*
 * RETURN one that it is just writing to, from a page that does not come: who
 * cuts the file off would wait for that.
 */
static const char *hold_up(struct vmm *vmm)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffd_msg fault;
	pthread_t thread;
	int fd, faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	uint64_t id = vmm_lease(vmm, &fd);
	uint8_t *pages = mmap(NULL, 2 * LAB_PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register first = {
		.range = {.start = (uintptr_t)pages, .len = LAB_PAGE_SIZE},
		.mode = UFFDIO_REGISTER_MODE_MISSING};

	must(pages != MAP_FAILED && ioctl(faults, UFFDIO_API, &api) == 0 &&
		     ioctl(faults, UFFDIO_REGISTER, &first) == 0,
	     "userfaultfd");
	memcpy(pages + LAB_PAGE_SIZE, &fd, sizeof(fd));
	must(pthread_create(&thread, NULL, write_from, pages) == 0, "thread");
	must(read(faults, &fault, sizeof(fault)) == sizeof(fault), "fault");
	vmm_return(vmm, id);
	return vmm_outcome(vmm);
}

/* A mapping of a lease, written once; whose page is there, or is not. */
static uint8_t *map_and_write(int fd)
{
	uint8_t *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);

	must(at != MAP_FAILED, "mmap");
	at[0] = 1;
	return at;
}

static bool is_gone(const uint8_t *at)
{
	return madvise((void *)(uintptr_t)at, LAB_PAGE_SIZE,
		       MADV_POPULATE_READ) < 0 &&
	       errno == EFAULT;
}

/* RETURN, and keep all that it has of the file. */
static const char *keep(struct vmm *vmm)
{
	int fd, again;
	uint64_t id = vmm_lease(vmm, &fd);
	const uint8_t *at = map_and_write(fd);
	char byte;

	again = dup(fd);
	vmm_return(vmm, id);
	if (vmm_outcome(vmm) == vmm_dropped)
		return "dropped";
	return is_gone(at) && pread(again, &byte, 1, 0) == 0 ? "gone" : "lives";
}

/*
 * In another process, to which the lease was handed: wait for a word, and say
 * whether the page is there.
 */
static pid_t start_holder(int words, int fd)
{
	char byte;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	const uint8_t *at = map_and_write(fd);
	must(write(words, "r", 1) == 1, "ready");
	must(read(words, &byte, 1) == 1, "word");
	_exit(is_gone(at));
}

/* Another process has it as well; then the connection is no more. */
static const char *pass_on(struct vmm *vmm)
{
	char byte;
	int fd, words[2], status = 0;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, words) == 0, "socketpair");
	vmm_lease(vmm, &fd);
	const uint8_t *at = map_and_write(fd);
	pid_t pid = start_holder(words[1], fd);
	must(read(words[0], &byte, 1) == 1, "ready");
	must(fd_send(vmm->socket, "x", 1, -1, 0) == 0, "send");
	if (vmm_outcome(vmm) != vmm_dropped)
		return "lives";
	must(write(words[0], "g", 1) == 1, "word");
	must(waitpid(pid, &status, 0) == pid, "wait");
	return is_gone(at) && status != 0 ? "gone" : "lives";
}

/* Have the kernel hold all of it for a ring, where there are rings. */
static void register_buffer(uint8_t *at)
{
	struct io_uring_params params = {0};
	struct iovec whole = {.iov_base = at, .iov_len = LAB_EXTENT_SIZE};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);

	must(ring < 0 || syscall(SYS_io_uring_register, ring,
				 IORING_REGISTER_BUFFERS, &whole, 1) == 0,
	     "io_uring_register");
}

static bool all_are(const uint8_t *bytes, size_t count, uint8_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != wanted)
			return false;
	return true;
}

/* Is the next lease blank? It is written to, as its owner would. */
static bool next_is_blank(struct vmm *vmm)
{
	int fd;

	vmm_lease(vmm, &fd);
	uint8_t *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
	must(at != MAP_FAILED, "mmap");
	bool blank = all_are(at, LAB_EXTENT_SIZE, 0);
	memset(at, 'n', LAB_EXTENT_SIZE);
	munmap(at, LAB_EXTENT_SIZE);
	close(fd);
	return blank;
}

/*
 * RETURN a lease whose frames the kernel holds for it, in a pipe and for a
 * ring. What can it read of them when others have leases again?
 */
static const char *pin(struct vmm *vmm)
{
	uint8_t page[LAB_PAGE_SIZE];
	bool blank = true;
	int fd, ends[2];
	uint64_t id = vmm_lease(vmm, &fd);
	uint8_t *at = map_and_write(fd);
	struct iovec pages = {.iov_base = at, .iov_len = 2 * LAB_PAGE_SIZE};

	memset(at, 'm', LAB_EXTENT_SIZE);
	must(pipe(ends) == 0 &&
		     vmsplice(ends[1], &pages, 1, 0) == (ssize_t)pages.iov_len,
	     "vmsplice");
	register_buffer(at);
	close(fd);
	vmm_return(vmm, id);
	if (vmm_outcome(vmm) == vmm_dropped || !is_gone(at))
		return "lives";
	munmap(at, LAB_EXTENT_SIZE);
	vmm_renew(vmm, "malcolm");
	for (int i = 0; i < 6; i++)
		blank = next_is_blank(vmm) && blank;
	/* One of two pages: the other stays where it is. */
	must(read(ends[0], page, sizeof(page)) == sizeof(page), "pipe");
	vmm_renew(vmm, "mallory");
	return blank && all_are(page, sizeof(page), 'm') ? "its own" : "leaks";
}

/* An idle one that is deaf: whatever it is asked and told, it says nothing. */
static const char *deaf(struct vmm *vmm)
{
	int fd;

	vmm_renew_with(vmm, "mallory", 1, 8, LAB_HELLO_EVENTS);
	for (int i = 0; i < 4; i++) {
		vmm_lease(vmm, &fd);
		map_and_write(fd);
		close(fd);
	}
	return "lives";
}

static const char *stopped(struct vmm *vmm)
{
	deaf(vmm);
	printf("lives\n");
	fflush(stdout);
	raise(SIGSTOP);
	return "lives";
}

/* Its process ends; a child has the connection, and so it is a guest yet. */
static const char *heir(struct vmm *vmm)
{
	deaf(vmm);
	if (fork() != 0)
		_exit(0);
	return "lives";
}

/* Descriptors of others */

/* Send `count` descriptors with a message of this kind: 0 or an errno. */
static int send_descriptors(struct vmm *vmm, int type, int fd, int count)
{
	static union {
		char bytes[CMSG_SPACE(253 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct lab_lease_msg m;

	vmm_connect(vmm);
	m = vmm_hello(vmm, "mallory", 1, 1);
	if (type != LAB_LEASE_HELLO) {
		vmm_renew(vmm, "mallory");
		m = vmm_message(vmm, type);
	}
	struct iovec iov = {.iov_base = &m, .iov_len = sizeof(m)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd,
		       sizeof(int));
	return sendmsg(vmm->socket, &header, MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* Wrong ones, one and many, with each kind of message. */
static const char *descriptors(struct vmm *vmm)
{
	static const int types[] = {LAB_LEASE_HELLO, LAB_LEASE_LEASE,
				    LAB_LEASE_RETURN, LAB_LEASE_LEASED,
				    LAB_LEASE_AUDIT};
	const char *outcome = vmm_dropped;
	int fds[4], lease, code = 0;

	vmm_renew(vmm, "mallory");
	vmm_lease(vmm, &lease);
	fds[0] = lease;
	fds[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[2] = memfd_create("labyrinth:default:0", MFD_CLOEXEC);
	fds[3] = socket(AF_UNIX, SOCK_STREAM, 0);
	/* Linux 6.16 does not let anybody send one; then nobody is dropped. */
	for (size_t i = 0; i < 5 * 4 && outcome == vmm_dropped && code == 0;
	     i++) {
		code = send_descriptors(vmm, types[i / 4], fds[i % 4],
					i % 2 ? 253 : 1);
		if (code == 0)
			outcome = vmm_outcome(vmm);
	}
	return code == 0 || code == EPERM ? outcome : "cannot send";
}

/* One whose last close lasts for an hour, or until a signal comes. */
static const char *linger(struct vmm *vmm)
{
	const struct linger hour = {.l_onoff = 1, .l_linger = 3600};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr =
					      htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	static const char block[65536];
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int sender = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(listener, (void *)&address, bytes) == 0 &&
		     listen(listener, 1) == 0 &&
		     getsockname(listener, (void *)&address, &bytes) == 0 &&
		     connect(sender, (void *)&address, bytes) == 0,
	     "TCP");
	setsockopt(sender, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour));
	while (send(sender, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	int code = send_descriptors(vmm, LAB_LEASE_LEASE, sender, 1);
	/* Now the message alone has it. */
	if (code == 0)
		close(sender);
	return code == 0       ? vmm_outcome(vmm)
	       : code == EPERM ? vmm_dropped
			       : "cannot send";
}

/* Users */

static void become_nobody(gid_t group)
{
	must(setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0 &&
		     setresuid(65534, 65534, 65534) == 0,
	     "setresuid");
}

static const char *stranger(struct vmm *vmm)
{
	become_nobody(65534);
	return strcmp(vmm_try(vmm), "EACCES") == 0 ? "kept-out" : "lives";
}

static const char *admin(struct vmm *vmm, int type)
{
	become_nobody(0);
	vmm_connect(vmm);
	struct lab_lease_msg m = vmm_message(vmm, type);
	strcpy(m.revoke.name, "ada");
	return vmm_ask(vmm, &m);
}

static const char *ask_audit(struct vmm *vmm)
{
	return admin(vmm, LAB_LEASE_AUDIT);
}

static const char *ask_revoke(struct vmm *vmm)
{
	return admin(vmm, LAB_LEASE_REVOKE);
}

const struct act file_acts[] = {
	{"grow", grow, false},	     {"shrink", shrink, false},
	{"punch", punch, false},     {"fence", fence, false},
	{"hold-up", hold_up, false}, {"keep", keep, false},
	{"pass-on", pass_on, false}, {"pin", pin, false},
	{"deaf", deaf, false},	     {"stopped", stopped, false},
	{"heir", heir, false},	     {"descriptors", descriptors, false},
	{"linger", linger, false},   {"stranger", stranger, true},
	{"audit", ask_audit, true},  {"revoke", ask_revoke, true},
};
const size_t file_acts_count = sizeof(file_acts) / sizeof(file_acts[0]);
