/* SPDX-License-Identifier: MIT */
/* The file that answers AUDIT. */
#include <config.h>

#include "audit/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lease/client_admin.h"

/* What nobody can change while we read it. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The file's bytes, of malloc(). */
static int read_file(int fd, void **bytes, size_t *length, struct err *err)
{
	struct stat stat;
	size_t done = 0;

	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &stat) < 0)
		return err_say(err, EPROTO,
			       "the broker's answer is not a sealed file");
	*length = (size_t)stat.st_size;
	cleanup_free char *buffer = malloc(*length + 1);
	if (buffer == NULL)
		return err_set(err, ENOMEM, "read the broker's answer");
	while (done < *length) {
		ssize_t got =
			pread(fd, buffer + done, *length - done, (off_t)done);
		if (got <= 0)
			return err_set(err, got < 0 ? errno : EPROTO,
				       "read the broker's answer");
		done += (size_t)got;
	}
	*bytes = steal_ptr(buffer);
	return 0;
}

/*
 * Process numbers are the broker's, and we look them up in our /proc: so both
 * must count processes alike.
 */
static int check_pid(const struct snapshot *self, struct err *err)
{
	if (self->broker == (pid_t)self->header->pid)
		return 0;
	return err_say(err, EXDEV,
		       "the broker is process %d here and %u to itself: run "
		       "the audit in the broker's PID namespace",
		       (int)self->broker, self->header->pid);
}

int snapshot_ask(struct snapshot *self, const char *path, const char *pool,
		 struct err *err)
{
	cleanup_close int fd = -1;
	void *bytes = NULL;
	size_t length = 0;
	pid_t broker = 0;

	int r = client_audit(path, &fd, &broker, err);
	if (r < 0)
		return r;
	r = read_file(fd, &bytes, &length, err);
	if (r == 0)
		r = snapshot_take(self, bytes, length, pool, err);
	if (r < 0)
		return r;
	self->broker = broker;
	r = check_pid(self, err);
	if (r < 0)
		snapshot_free(self);
	return r;
}
