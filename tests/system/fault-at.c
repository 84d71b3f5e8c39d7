/* SPDX-License-Identifier: MIT */
/*
 * fault-at: have one system call of a program fail, as the kernel could; or say
 * which it makes.
 *
 *   fault-at [OPTION]... PROGRAM [ARGUMENT]...
 *
 *   -r FILE   where to report: a line for each call, or with -c `failed`; at
 *             last `end`
 *   -c CALL,KIND,SITE
 *             the call to fail, as a report without -c has it: its number,
 *             which of its kind (an ioctl's request, and such like), and where
 *             in the program, by the file's addresses, it comes from; in hex
 *   -n HIT    the HIT-th such, of all threads (1)
 *   -e ERRNO  with what, by number (ENOMEM)
 *
 * It becomes the program, under the same process number. Children are followed
 * until they become another program. What the dynamic linker and the C library
 * do for themselves is not reported: it comes from nowhere in the program. It
 * is the kernel that is in the program's way, not a library: so a call fails
 * whoever makes it, and however.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tracee.h"

#define OPTIONS                                                             \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | \
	 PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)
#define PAGE  UINT64_C(4096)
#define DEPTH 4 /* pages of a stack to look through */

struct call {
	uint64_t number, kind, site;
};

static struct {
	pid_t pid;
	FILE *report;
	bool fails; /* is one to? */
	struct call call;
	unsigned long hit;
	int error;
	uint64_t bias, text, text_end; /* of the program */
	unsigned long hits;
	pid_t failing; /* the thread that is in the call, or 0 */
} the;

/* Where the program's code is. */
static void learn(void)
{
	cleanup_close int fd = tracee_open(the.pid, "maps", O_RDONLY);
	char exe[256], path[256], rights[8], line[512];
	uint64_t from, to;
	FILE *maps = fdopen(dup(fd), "re");

	must(maps != NULL, "read maps");
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)the.pid);
	ssize_t length = readlink(path, exe, sizeof(exe) - 1);
	must(length > 0, path);
	exe[length] = '\0';
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line,
			   "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %255s",
			   &from, &to, rights, path) == 4 &&
		    strcmp(path, exe) == 0 && strchr(rights, 'x') != NULL) {
			the.text = from;
			the.text_end = to;
		}
	}
	fclose(maps);
	the.bias = tracee_bias(the.pid);
}

static size_t peek(pid_t thread, uint64_t at, void *to, size_t bytes)
{
	struct iovec here = {.iov_base = to, .iov_len = bytes};
	struct iovec there = {.iov_base = (void *)(uintptr_t)at,
			      .iov_len = bytes};
	ssize_t got = process_vm_readv(thread, &here, 1, &there, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* Does the instruction before this address call something? */
static bool after_call(pid_t thread, uint64_t address)
{
	uint8_t code[7];

	if (peek(thread, address - sizeof(code), code, sizeof(code)) == 0)
		return false;
	if (code[2] == 0xe8)
		return true;
	/* Through a register or memory: opcode ff, and /2 in the next byte. */
	for (int i = 0; i < 6; i++) {
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

/*
 * The innermost place of the program that the call came from, by the first word
 * of the stack that looks like a return there; 0 without. Libraries have no
 * frame pointers, so there is nothing better to go by.
 */
static uint64_t site_of(pid_t thread, uint64_t stack)
{
	uint64_t words[PAGE / sizeof(uint64_t)];

	for (int page = 0; page < DEPTH; page++) {
		size_t bytes = PAGE - stack % PAGE;
		size_t count = peek(thread, stack, words, bytes) / 8;
		for (size_t i = 0; i < count; i++) {
			if (words[i] > the.text && words[i] < the.text_end &&
			    after_call(thread, words[i]))
				return words[i] - the.bias;
		}
		stack += bytes;
	}
	return 0;
}

/* Is it a file of the kernel's own, without a name? Its first letters, or 0. */
static uint64_t file_kind(pid_t thread, uint64_t fd)
{
	static const char anonymous[] = "anon_inode:[";
	char path[64], name[64] = "";
	uint64_t letters = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd/%" PRIu64, (int)thread, fd);
	if (readlink(path, name, sizeof(name) - 1) > 0 &&
	    strncmp(name, anonymous, strlen(anonymous)) == 0)
		memcpy(&letters, name + strlen(anonymous), sizeof(letters));
	return letters;
}

/* What tells one call of this number from another, of its arguments. */
static uint64_t kind_of(pid_t thread, const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_read:
	case SYS_write:
		return file_kind(thread, info->entry.args[0]);
	case SYS_prctl:
		return info->entry.args[0];
	case SYS_ioctl:
	case SYS_fcntl:
	case SYS_epoll_ctl:
	case SYS_prlimit64:
		return info->entry.args[1] & UINT32_MAX;
	case SYS_madvise:
	case SYS_setsockopt:
	case SYS_getsockopt:
		return info->entry.args[2];
	case SYS_mmap:
		return info->entry.args[3];
	default:
		return 0;
	}
}

static bool is_the_one(const struct call *call)
{
	return call->number == the.call.number && call->kind == the.call.kind &&
	       call->site == the.call.site && ++the.hits == the.hit;
}

static void set_register(pid_t thread, size_t offset, long value)
{
	must(ptrace(PTRACE_POKEUSER, thread, (void *)offset, value) == 0,
	     "change a call");
}

/* A call that fails does nothing, but a close() that fails has closed. */
static void enter(pid_t thread, const struct __ptrace_syscall_info *info)
{
	struct call call = {
		.number = info->entry.nr,
		.kind = kind_of(thread, info),
		.site = site_of(thread, info->stack_pointer),
	};

	if (call.site == 0)
		return;
	if (!the.fails) {
		fprintf(the.report, "%" PRIx64 " %" PRIx64 " %" PRIx64 "\n",
			call.number, call.kind, call.site);
		return;
	}
	if (!is_the_one(&call))
		return;
	fprintf(the.report, "failed\n");
	fflush(the.report);
	the.failing = thread;
	if (call.number != SYS_close)
		set_register(thread,
			     offsetof(struct user_regs_struct, orig_rax), -1);
}

static void leave(pid_t thread)
{
	if (thread != the.failing)
		return;
	the.failing = 0;
	set_register(thread, offsetof(struct user_regs_struct, rax),
		     -the.error);
}

static void at_call(pid_t thread)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info),
		   &info) <= 0)
		return; /* it was killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(thread, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(thread);
}

static bool is_event(int status, int event)
{
	return status >> 8 == (SIGTRAP | event << 8);
}

static void trace(pid_t pid)
{
	int status;

	the.pid = pid;
	for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		if (is_event(status, PTRACE_EVENT_EXEC) && thread != pid) {
			ptrace(PTRACE_DETACH, thread, NULL, NULL);
			continue;
		}
		if (is_event(status, PTRACE_EVENT_EXEC))
			learn();
		else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			at_call(thread);
		tracee_resume(thread, status, PTRACE_SYSCALL);
	}
	fprintf(the.report, "end\n");
	exit(0);
}

static void read_call(const char *text)
{
	the.fails = true;
	must(sscanf(text, "%" SCNx64 ",%" SCNx64 ",%" SCNx64, &the.call.number,
		    &the.call.kind, &the.call.site) == 3,
	     "-c CALL,KIND,SITE");
}

static void read_options(int argc, char **argv)
{
	the.hit = 1;
	the.error = ENOMEM;
	for (int c; (c = getopt(argc, argv, "+c:n:e:r:")) != -1;) {
		if (c == 'c')
			read_call(optarg);
		else if (c == 'n')
			the.hit = strtoul(optarg, NULL, 10);
		else if (c == 'e')
			the.error = atoi(optarg);
		else if (c == 'r')
			the.report = fopen(optarg, "we");
		else
			exit(2);
	}
	must(the.report != NULL, "open the report of -r");
	must(optind < argc, "a program, please");
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	tracee_become(argv + optind, OPTIONS, the.report, trace);
}
