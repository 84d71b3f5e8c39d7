/* SPDX-License-Identifier: MIT */
/* A file that nobody tells anything about. Include after cmocka.h. */
#ifndef LABYRINTH_TESTS_HANGING_H
#define LABYRINTH_TESTS_HANGING_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

/*
 * A file at `path`, where one is already, of a file system whose server is this
 * test, which never answers. To be had by O_PATH alone. Returns a descriptor.
 */
static inline int hanging_file(const char *path)
{
	char options[96];
	int server = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	assert_true(server >= 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100000,user_id=0,group_id=0", server);
	assert_int_equal(mount("hangs", path, "fuse", 0, options), 0);
	int fd = open(path, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline void remove_hanging(const char *path, int fd)
{
	close(fd);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	unlink(path);
}

#endif
