/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/cutter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "broker/backing.h"

/* So many are held up at once, at most. */
#define CUTTERS_MAX 256

/*
 * One that sleeps for so many looks on end, this far apart (ms), is held up. A
 * thread that waits for a processor is not: it does not sleep.
 */
#define LOOK_PERIOD   20
#define LOOKS	      10
#define LOOKS_HELD_UP 1 /* while others are */

/* A thread and what it does. All fields are under the lock. */
struct cutter {
	pthread_cond_t wake;
	bool busy; /* it has a file, until somebody asked what became of it */
	bool began;
	bool done;
	pid_t thread; /* from then on */
	int fd;
	uint64_t inode;
	int result;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t done; /* one of them is */
	struct cutter *all[CUTTERS_MAX];
	unsigned int count;
	pid_t process; /* a fork has none of the threads */
} cutters = {.lock = PTHREAD_MUTEX_INITIALIZER,
	     .done = PTHREAD_COND_INITIALIZER};

static void *work(void *context)
{
	struct cutter *self = context;

	pthread_mutex_lock(&cutters.lock);
	while (true) {
		while (!self->busy || self->done)
			pthread_cond_wait(&self->wake, &cutters.lock);
		int fd = self->fd;
		self->thread = gettid();
		self->began = true;
		pthread_mutex_unlock(&cutters.lock);
		int r = backing_cut(fd);
		pthread_mutex_lock(&cutters.lock);
		self->result = r;
		self->done = true;
		pthread_cond_signal(&cutters.done);
	}
	return NULL;
}

static struct cutter *start_cutter(void)
{
	struct cutter *self = calloc(1, sizeof(*self));
	pthread_attr_t attributes;
	pthread_t thread;

	if (self == NULL)
		return NULL;
	pthread_cond_init(&self->wake, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 4 * PTHREAD_STACK_MIN);
	int r = pthread_create(&thread, &attributes, work, self);
	pthread_attr_destroy(&attributes);
	if (r == 0)
		return cutters.all[cutters.count++] = self;
	free(self);
	return NULL;
}

/* One that has this file already, or one that is free, or NULL. */
static struct cutter *find_cutter(uint64_t inode, bool *others)
{
	struct cutter *idle = NULL;

	*others = false;
	for (unsigned int i = 0; i < cutters.count; i++) {
		struct cutter *self = cutters.all[i];
		if (self->busy && self->inode == inode)
			return self;
		if (!self->busy)
			idle = self;
		*others = *others || self->busy;
	}
	if (idle == NULL && cutters.count < CUTTERS_MAX)
		idle = start_cutter();
	return idle;
}

static bool sleeps(pid_t thread)
{
	char path[64], text[128] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return true; /* cannot tell: then the time decides */
	const char *state = strrchr(text, ')');
	return state == NULL || state[1] == '\0' || state[2] != 'R';
}

/* Wait for it, until it has slept for so many looks: what became of it? */
static int await(struct cutter *self, int looks)
{
	while (!self->done && looks > 0) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_PERIOD * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		int r = pthread_cond_clockwait(&cutters.done, &cutters.lock,
					       CLOCK_MONOTONIC, &until);
		if (r == ETIMEDOUT && self->began && sleeps(self->thread))
			looks--;
	}
	if (!self->done)
		return -EINPROGRESS;
	self->busy = false;
	return self->result;
}

static int cut(int fd, uint64_t inode)
{
	bool others;

	if (cutters.process != getpid())
		cutters.count = 0;
	cutters.process = getpid();
	struct cutter *self = find_cutter(inode, &others);
	if (self == NULL)
		return -EALREADY;
	if (self->busy)
		return await(self, 0) == -EINPROGRESS ? -EALREADY
						      : self->result;
	self->busy = true;
	self->began = false;
	self->done = false;
	self->fd = fd;
	self->inode = inode;
	pthread_cond_signal(&self->wake);
	return await(self, others ? LOOKS_HELD_UP : LOOKS);
}

int cutter_cut(int fd, uint64_t inode)
{
	pthread_mutex_lock(&cutters.lock);
	int r = cut(fd, inode);
	pthread_mutex_unlock(&cutters.lock);
	return r;
}
