/* SPDX-License-Identifier: MIT */
/* AUDIT, and the file that answers it. */
#include <config.h>

#include "audit/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lease/client.h"

/* What nobody can change while we read it. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int send_question(int socket, struct err *err)
{
	const struct lab_lease_msg question = {
		.magic = LAB_LEASE_MAGIC,
		.version = LAB_LEASE_VERSION,
		.type = LAB_LEASE_AUDIT,
		.seq = 1,
	};

	int r = fd_send(socket, &question, sizeof(question), -1, 0);
	return r < 0 ? err_set(err, -r, "ask the broker for its ledger") : 0;
}

/* The descriptor that came, or a refusal in the broker's words. */
static int receive_answer(int socket, struct err *err)
{
	struct lab_lease_msg answer = {0};
	cleanup_close int fd = -1;

	ssize_t got = fd_receive(socket, &answer, sizeof(answer), &fd, 0);
	if (got == -EAGAIN)
		return err_say(err, ETIMEDOUT,
			       "the broker has not answered for %d seconds",
			       CLIENT_DEADLINE);
	if (got == 0 || got == -ECONNRESET)
		return err_say(err, EPIPE,
			       "the broker hung up: is it older than this "
			       "program?");
	if (got != sizeof(answer) || answer.magic != LAB_LEASE_MAGIC)
		return err_say(err, EPROTO,
			       "the broker speaks another protocol");
	if (answer.type == LAB_LEASE_REFUSED)
		return err_say(err, EPERM, "the broker refuses: %.*s",
			       (int)sizeof(answer.refused.text),
			       answer.refused.text);
	if (answer.type != LAB_LEASE_AUDITED || fd < 0)
		return err_say(err, EPROTO,
			       "the broker answered what it was not asked");
	return steal_fd(&fd);
}

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

static int peer_of(int socket, pid_t *pid, struct err *err)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
		return err_set(err, errno, "ask who the broker is");
	*pid = peer.pid;
	return 0;
}

int snapshot_ask(struct snapshot *self, const char *path, const char *pool,
		 struct err *err)
{
	struct client client;
	void *bytes = NULL;
	size_t length = 0;
	pid_t broker = 0;

	int r = client_connect(&client, path, err);
	if (r < 0)
		return r;
	cleanup_close int socket = steal_fd(&client.socket);
	r = peer_of(socket, &broker, err);
	if (r == 0)
		r = send_question(socket, err);
	if (r < 0)
		return r;
	cleanup_close int fd = receive_answer(socket, err);
	if (fd < 0)
		return fd;
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
