/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "lease/client_admin.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "lease/client_private.h"

static int peer_of(int socket, pid_t *pid, struct err *err)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
		return err_set(err, errno, "ask who the broker is");
	*pid = peer.pid;
	return 0;
}

/* The message is the question, and becomes the answer; fd as in
 * client_receive(). */
static int exchange(struct client *client, struct lab_lease_msg *message,
		    enum lab_lease_type question, enum lab_lease_type answer,
		    int *fd, struct err *err)
{
	int r = client_send(client, message, question, -1, err);

	if (r == 0)
		r = client_receive(client, message, answer, client->seq, fd, 0,
				   err);
	if (r == -EPIPE)
		return err_say(err, EPIPE,
			       "the broker hung up: is it older than this "
			       "program?");
	if (r < 0 || message->type != LAB_LEASE_REFUSED)
		return r;
	client_refusal(client, message, err);
	return err_wrap(err, "the broker refuses");
}

int client_revoke(const char *path, const char *guest, uint64_t leases,
		  uint32_t grace_ms, struct client_taken *taken,
		  struct err *err)
{
	struct lab_lease_msg message = {
		.revoke = {.leases = leases, .grace_ms = grace_ms},
	};
	struct client client;

	if (strlen(guest) >= sizeof(message.revoke.name))
		return err_say(err, ENOENT,
			       "no guest has a name of more than "
			       "%d characters",
			       LAB_NAME_MAX - 1);
	strcpy(message.revoke.name, guest);
	int r = client_connect(&client, path, err);
	if (r < 0)
		return r;
	client.wait_ms = grace_ms;
	r = client_set_deadline(client.socket, grace_ms, err);
	if (r == 0)
		r = exchange(&client, &message, LAB_LEASE_REVOKE,
			     LAB_LEASE_TAKEN, NULL, err);
	client_close(&client);
	*taken = (struct client_taken){0};
	if (r < 0)
		return r;
	if (message.taken.given > message.taken.leases)
		return err_say(err, EPROTO,
			       "the broker says that more leases were given up "
			       "than went");
	taken->leases = message.taken.leases;
	taken->given = message.taken.given;
	return 0;
}

int client_audit(const char *path, int *fd, pid_t *broker, struct err *err)
{
	struct lab_lease_msg message = {0};
	cleanup_close int file = -1;
	struct client client;

	int r = client_connect(&client, path, err);
	if (r < 0)
		return r;
	r = peer_of(client.socket, broker, err);
	if (r == 0)
		r = exchange(&client, &message, LAB_LEASE_AUDIT,
			     LAB_LEASE_AUDITED, &file, err);
	client_close(&client);
	if (r == 0 && file < 0)
		return err_say(err, EPROTO,
			       "the broker sent no file of its ledger");
	*fd = r == 0 ? steal_fd(&file) : -1;
	return r;
}
