/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "lease/revoke.h"

#include <errno.h>
#include <string.h>

#include <labyrinth/lease.h>

#include "base/fd.h"
#include "lease/client.h"

static int exchange(int socket, struct lab_lease_msg *message, struct err *err)
{
	int r = fd_send(socket, message, sizeof(*message), -1, 0);

	if (r < 0)
		return err_set(err, -r, "ask the broker");
	ssize_t got = fd_receive(socket, message, sizeof(*message), NULL, 0);
	if (got == -EAGAIN)
		return err_say(err, ETIMEDOUT,
			       "the broker has not answered for %d seconds",
			       CLIENT_DEADLINE);
	if (got == 0 || got == -ECONNRESET)
		return err_say(err, EPIPE, "the broker hung up");
	if (got != sizeof(*message) || message->magic != LAB_LEASE_MAGIC)
		return err_say(err, EPROTO,
			       "the broker speaks another protocol");
	return 0;
}

int revoke_ask(const char *path, const char *guest, uint64_t leases,
	       uint64_t *taken, struct err *err)
{
	struct lab_lease_msg message = {
		.magic = LAB_LEASE_MAGIC,
		.version = LAB_LEASE_VERSION,
		.type = LAB_LEASE_REVOKE,
		.seq = 1,
		.revoke = {.leases = leases},
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
	r = exchange(client.socket, &message, err);
	client_close(&client);
	if (r < 0)
		return r;
	if (message.type == LAB_LEASE_REFUSED)
		return err_say(err, EPERM, "the broker refuses: %.*s",
			       (int)sizeof(message.refused.text),
			       message.refused.text);
	if (message.type != LAB_LEASE_TAKEN)
		return err_say(err, EPROTO,
			       "the broker answered what it was not asked");
	*taken = message.taken.leases;
	return 0;
}
