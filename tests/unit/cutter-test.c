/* SPDX-License-Identifier: MIT */
/* Files that somebody is just writing to, and does not come to an end. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "broker/backing.h"
#include "broker/cutter.h"

/* Seconds for what takes none. */
#define DEADLINE 60

#define PAGE 4096

static uint64_t inode_of(int fd)
{
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	return stat.st_ino;
}

static uint64_t bytes_of(int fd)
{
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	return (uint64_t)stat.st_size;
}

static int make_file(void)
{
	int fd = backing_create(LAB_BACKING_SHMEM, "cutter-test");

	assert_true(fd >= 0);
	return fd;
}

/* Who writes a page that comes when told to, from a descriptor. */
struct writer {
	pthread_t thread;
	int file;
	int faults; /* userfaultfd */
	uint8_t *page;
};

static void *write_page(void *context)
{
	struct writer *self = context;

	return (void *)(intptr_t)write(self->file, self->page, PAGE);
}

static void start_writer(struct writer *self, int file)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffd_msg fault;

	self->file = file;
	self->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	assert_true(self->faults >= 0);
	assert_int_equal(ioctl(self->faults, UFFDIO_API, &api), 0);
	self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register wanted = {
		.range = {.start = (uintptr_t)self->page, .len = PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING};
	assert_int_equal(ioctl(self->faults, UFFDIO_REGISTER, &wanted), 0);
	assert_int_equal(pthread_create(&self->thread, NULL, write_page, self),
			 0);
	/* Now it has the file, and waits for its page. */
	assert_int_equal(read(self->faults, &fault, sizeof(fault)),
			 sizeof(fault));
}

static void end_writer(struct writer *self)
{
	struct uffdio_zeropage come = {
		.range = {.start = (uintptr_t)self->page, .len = PAGE}};

	assert_int_equal(ioctl(self->faults, UFFDIO_ZEROPAGE, &come), 0);
	pthread_join(self->thread, NULL);
	munmap(self->page, PAGE);
	close(self->faults);
}

/* Ask until it is done. */
static void assert_done(int fd)
{
	int r;

	alarm(DEADLINE);
	do {
		r = cutter_cut(fd, inode_of(fd));
	} while (r == -EALREADY);
	alarm(0);
	assert_int_equal(r, 0);
	assert_int_equal(bytes_of(fd), 0);
}

static void cuts(void **state)
{
	(void)state;

	for (int i = 0; i < 100; i++) {
		cleanup_close int fd = make_file();
		assert_int_equal(cutter_cut(fd, inode_of(fd)), 0);
		assert_int_equal(bytes_of(fd), 0);
	}
	assert_int_equal(cutter_cut(-1, 1), -EBADF);
}

static void waits_for_nobody(void **state)
{
	cleanup_close int held = make_file();
	cleanup_close int free = make_file();
	struct writer writer;
	(void)state;

	alarm(DEADLINE);
	start_writer(&writer, held);
	assert_int_equal(cutter_cut(held, inode_of(held)), -EINPROGRESS);
	assert_int_equal(cutter_cut(held, inode_of(held)), -EALREADY);
	/* Others are as before. */
	assert_done(free);
	assert_int_equal(cutter_cut(held, inode_of(held)), -EALREADY);
	assert_int_equal(bytes_of(held), LAB_EXTENT_SIZE);
	end_writer(&writer);
	assert_done(held);
}

static void holds_up_so_many_at_most(void **state)
{
	enum { COUNT = 300 };
	static struct writer writers[COUNT];
	static int files[COUNT];
	int under_way = 0;
	(void)state;

	for (int i = 0; i < COUNT; i++) {
		files[i] = make_file();
		start_writer(&writers[i], files[i]);
		int r = cutter_cut(files[i], inode_of(files[i]));
		under_way += r == -EINPROGRESS;
		assert_true(r == -EINPROGRESS || r == -EALREADY);
	}
	assert_in_range(under_way, 1, 256);
	for (int i = 0; i < COUNT; i++)
		end_writer(&writers[i]);
	for (int i = 0; i < COUNT; i++) {
		assert_done(files[i]);
		close(files[i]);
	}
}

static void a_fork_has_its_own(void **state)
{
	cleanup_close int fd = make_file();
	int status;
	(void)state;

	pid_t pid = fork();
	if (pid == 0) {
		alarm(DEADLINE);
		_exit(cutter_cut(fd, inode_of(fd)) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts),
		cmocka_unit_test(waits_for_nobody),
		cmocka_unit_test(holds_up_so_many_at_most),
		cmocka_unit_test(a_fork_has_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
