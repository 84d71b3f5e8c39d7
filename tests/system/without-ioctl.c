/* SPDX-License-Identifier: MIT */
/*
 * `without-ioctl REQUEST[:ARGUMENT]... -- COMMAND...`: run a command under a
 * kernel that knows these ioctls no more: each fails with ENOTTY, if given only
 * with that argument. How a test has an older kernel than there is.
 */
#include <config.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The lower half of an argument of the system call. */
#define ARGUMENT(n) ((unsigned int)offsetof(struct seccomp_data, args[n]))
#define LOAD(at)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
/* Go on if equal, else leave out so many. */
#define UNLESS_EQUAL_SKIP(value, skip) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

/* From now on this one fails, here and in all that is run. */
static int take_out(const char *what)
{
	char *end;
	unsigned int request = (unsigned int)strtoul(what, &end, 0);
	unsigned int argument =
		*end == ':' ? (unsigned int)strtoul(end + 1, &end, 0) : 0;
	/* Without an argument the request is looked at twice. */
	unsigned int second = strchr(what, ':') ? ARGUMENT(2) : ARGUMENT(1);
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		UNLESS_EQUAL_SKIP(AUDIT_ARCH_X86_64, 7),
		LOAD(offsetof(struct seccomp_data, nr)),
		UNLESS_EQUAL_SKIP(SYS_ioctl, 5),
		LOAD(ARGUMENT(1)),
		UNLESS_EQUAL_SKIP(request, 3),
		LOAD(second),
		UNLESS_EQUAL_SKIP(second == ARGUMENT(1) ? request : argument,
				  1),
		RETURN(SECCOMP_RET_ERRNO | ENOTTY),
		RETURN(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	if (*what == '\0' || *end != '\0') {
		errno = EINVAL;
		return -1;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	int i = 1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return perror("without-ioctl: no_new_privs"), 125;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (take_out(argv[i]) < 0)
			return perror(argv[i]), 125;
	}
	if (i + 1 >= argc)
		return fputs("without-ioctl: no command\n", stderr), 125;
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
