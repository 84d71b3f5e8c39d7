/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/peer.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The groups that its process had beside its first, of which nobody can lie. */
static bool has_group(int socket, gid_t group)
{
	socklen_t bytes = 0;

	/* How much room it takes is the answer to too little of it. */
	(void)getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes);
	if (bytes == 0)
		return false;
	cleanup_free gid_t *groups = malloc(bytes);
	if (groups == NULL ||
	    getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
		return false;
	for (size_t i = 0; i < bytes / sizeof(*groups); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool is_trusted(const struct peer *self, int socket)
{
	if (self->uid == 0 || self->uid == geteuid())
		return true;
	const struct group *group = getgrnam(PEER_GROUP);
	return group != NULL &&
	       (self->gid == group->gr_gid || has_group(socket, group->gr_gid));
}

struct peer peer_of(int socket)
{
	struct ucred credentials;
	socklen_t bytes = sizeof(credentials);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) <
		    0 ||
	    credentials.pid == 0)
		return (struct peer){0};
	struct peer self = {.pid = credentials.pid,
			    .uid = credentials.uid,
			    .gid = credentials.gid};
	self.trusted = is_trusted(&self, socket);
	return self;
}
