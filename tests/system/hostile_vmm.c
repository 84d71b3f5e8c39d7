/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hostile.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE 60000 /* ms for an answer */

const char vmm_dropped[] = "dropped";

void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

const char *vmm_try(struct vmm *vmm)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (vmm->socket >= 0)
		close(vmm->socket);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", vmm->path);
	vmm->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	vmm->seq = 0;
	return connect(vmm->socket, (void *)&address, sizeof(address)) == 0
		       ? "lives"
		       : strerrorname_np(errno);
}

void vmm_connect(struct vmm *vmm)
{
	const char *said = vmm_try(vmm);

	must(strcmp(said, "lives") == 0, said);
}

struct lab_lease_msg vmm_message(struct vmm *vmm, int type)
{
	return (struct lab_lease_msg){.magic = LAB_LEASE_MAGIC,
				      .version = LAB_LEASE_VERSION,
				      .type = (uint16_t)type,
				      .seq = ++vmm->seq};
}

struct lab_lease_msg vmm_hello(struct vmm *vmm, const char *name,
			       uint64_t guarantee, uint64_t limit)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_HELLO);

	snprintf(m.hello.name, sizeof(m.hello.name), "%s", name);
	strcpy(m.hello.pool, "default");
	m.hello.memory = 1;
	m.hello.guarantee = guarantee;
	m.hello.limit = limit;
	m.hello.cpus = 1;
	return m;
}

int vmm_send(struct vmm *vmm, const struct lab_lease_msg *message)
{
	return fd_send(vmm->socket, message, sizeof(*message), -1, 0);
}

/* One message, or what it is that comes instead; *fd may be -1 after it. */
static const char *receive(struct vmm *vmm, struct lab_lease_msg *m, int *fd)
{
	struct pollfd ready = {.fd = vmm->socket, .events = POLLIN};

	*fd = -1;
	if (poll(&ready, 1, DEADLINE) == 0)
		return "silence";
	return fd_receive(vmm->socket, m, sizeof(*m), fd, 0) == sizeof(*m)
		       ? NULL
		       : vmm_dropped;
}

const char *vmm_ask(struct vmm *vmm, const struct lab_lease_msg *message)
{
	struct lab_lease_msg m;
	const char *ended;
	int fd;

	if (vmm_send(vmm, message) < 0)
		return vmm_dropped;
	do {
		ended = receive(vmm, &m, &fd);
		if (fd >= 0)
			close(fd);
		if (ended != NULL)
			return ended;
	} while (m.seq != message->seq);
	return m.type == LAB_LEASE_REFUSED ? strerrorname_np(m.refused.error)
					   : "lives";
}

const char *vmm_drain(struct vmm *vmm, int answers)
{
	struct lab_lease_msg m;
	const char *ended = NULL;
	int fd;

	for (; ended == NULL && answers > 0; answers--) {
		ended = receive(vmm, &m, &fd);
		if (fd >= 0)
			close(fd);
	}
	return ended == NULL ? "lives" : ended;
}

const char *vmm_outcome(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);
	const char *said = vmm_ask(vmm, &m);

	return said == vmm_dropped || strcmp(said, "silence") == 0 ? said
								   : "lives";
}

const char *vmm_await_hangup(struct vmm *vmm)
{
	struct pollfd ready = {.fd = vmm->socket};

	while (poll(&ready, 1, DEADLINE) > 0)
		if (ready.revents & POLLHUP)
			return vmm_dropped;
	return "lives";
}

void vmm_renew_with(struct vmm *vmm, const char *name, uint64_t guarantee,
		    uint64_t limit, uint32_t flags)
{
	const char *said;

	/* The name may still be that of the connection just ended. */
	do {
		vmm_connect(vmm);
		struct lab_lease_msg m = vmm_hello(vmm, name, guarantee, limit);
		m.hello.flags = flags;
		said = vmm_ask(vmm, &m);
	} while (strcmp(said, "EEXIST") == 0);
	must(strcmp(said, "lives") == 0, said);
}

void vmm_renew(struct vmm *vmm, const char *name)
{
	vmm_renew_with(vmm, name, 1, 8, 0);
}

uint64_t vmm_lease(struct vmm *vmm, int *fd)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);
	int own = -1;

	/* As long as others storm in the pool, it takes what it gets. */
	m.lease.wait_ms = DEADLINE;
	must(vmm_send(vmm, &m) == 0, "LEASE");
	do {
		must(receive(vmm, &m, &own) == NULL, "LEASED");
	} while (m.seq == 0);
	must(m.type == LAB_LEASE_LEASED && own >= 0, "LEASED");
	if (fd != NULL)
		*fd = own;
	else
		close(own);
	return m.leased.lease;
}

void vmm_return(struct vmm *vmm, uint64_t id)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_RETURN);

	m.returned.lease = id;
	vmm_send(vmm, &m);
}
