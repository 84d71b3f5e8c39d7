/* SPDX-License-Identifier: MIT */
/* One client's socket, never waited for. */
#include <config.h>

#include "broker/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/stranger.h"

/*
 * A VMM has one answer under way at most, so this is plenty; one that does not
 * read fills it soon and is dropped, before it holds many of our descriptors
 * in flight.
 */
#define SEND_BUFFER 8192

/* Of that, what may be unread before one more event is sent. */
#define EVENTS_UNREAD (SEND_BUFFER / 2)

/* The client's process, as the kernel knows it; and that it is a client. */
static int check_socket(int socket, struct ucred *peer, struct err *err)
{
	socklen_t bytes = sizeof(*peer);
	int domain = 0, type = 0;
	socklen_t word = sizeof(int);

	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &word) < 0 ||
	    getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &word) < 0)
		return err_set(err, errno, "ask descriptor %d what it is",
			       socket);
	if (domain != AF_UNIX || type != SOCK_SEQPACKET)
		return err_say(err, EPROTOTYPE,
			       "descriptor %d is not a SOCK_SEQPACKET UNIX "
			       "socket",
			       socket);
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, peer, &bytes) < 0)
		return err_set(err, errno, "ask descriptor %d who its peer is",
			       socket);
	return 0;
}

int channel_open(struct channel *self, int socket, struct err *err)
{
	int buffer = SEND_BUFFER;
	struct ucred peer;

	int r = check_socket(socket, &peer, err);
	if (r < 0)
		return r;
	int flags = fcntl(socket, F_GETFL);
	if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)))
		return err_set(err, errno, "prepare a client's socket");
	*self = (struct channel){
		.socket = socket, .pid = peer.pid, .uid = peer.uid};
	return 0;
}

void channel_close(struct channel *self)
{
	stranger_close(self->socket);
	self->socket = -1;
}

int channel_send(struct channel *self, struct lab_lease_msg *message,
		 enum lab_lease_type type, uint64_t seq, int fd)
{
	message->magic = LAB_LEASE_MAGIC;
	message->version = LAB_LEASE_VERSION;
	message->type = (uint16_t)type;
	message->seq = seq;
	return fd_send(self->socket, message, sizeof(*message), fd,
		       MSG_DONTWAIT);
}

bool channel_notify(struct channel *self, struct lab_lease_msg *message,
		    enum lab_lease_type type)
{
	int unread = 0;

	if (ioctl(self->socket, SIOCOUTQ, &unread) < 0 ||
	    unread > EVENTS_UNREAD)
		return false;
	return channel_send(self, message, type, 0, -1) == 0;
}

void channel_cut(struct channel *self)
{
	shutdown(self->socket, SHUT_RDWR);
}
