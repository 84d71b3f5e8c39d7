/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <systemd/sd-daemon.h>

/* Names and descriptors in the same order; the names are the caller's. */
static int passed(char ***names, struct err *err)
{
	*names = NULL;
	int count = sd_listen_fds_with_names(1, names);

	return count < 0 ? err_set(err, -count,
				   "take the sockets of the service "
				   "manager")
			 : count;
}

/* Where a socket of this name goes, and of what kind it is; or NULL. */
static int *place_of(struct activation *self, const char *name, int *type)
{
	*type = SOCK_STREAM;
	if (strcmp(name, "libvirt") == 0)
		return &self->libvirt;
	if (strcmp(name, "libvirt-ro") == 0)
		return &self->libvirt_ro;
	*type = SOCK_SEQPACKET;
	return strcmp(name, "lease") == 0 ? &self->lease : NULL;
}

static int take(struct activation *self, const char *name, int fd,
		struct err *err)
{
	int type;
	int *place = place_of(self, name, &type);

	if (place == NULL)
		return err_say(err, EINVAL,
			       "the service manager passed a socket named "
			       "`%s`: FileDescriptorName= is one of lease, "
			       "libvirt, libvirt-ro",
			       name);
	if (*place >= 0)
		return err_say(err, EINVAL,
			       "the service manager passed two sockets named "
			       "`%s`",
			       name);
	if (sd_is_socket_unix(fd, type, 1, NULL, 0) <= 0)
		return err_say(err, EINVAL,
			       "the socket `%s` that the service manager "
			       "passed is not a listening UNIX socket made by "
			       "Listen%s=",
			       name,
			       type == SOCK_STREAM ? "Stream"
						   : "SequentialPacket");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return err_set(err, errno, "prepare the socket `%s`", name);
	*place = fd;
	return 0;
}

int activation_take(struct activation *out, struct err *err)
{
	char **names;
	int count = passed(&names, err);
	int r = count < 0 ? count : 0;

	*out = (struct activation){-1, -1, -1};
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = take(out, names[i], SD_LISTEN_FDS_START + i, err);
		free(names[i]);
	}
	free(names);
	return r;
}
