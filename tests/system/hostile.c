/* SPDX-License-Identifier: MIT */
/*
 * hostile SOCKET ACT: a VMM that does one thing that no VMM should. Says what
 * became of it, in a word:
 *
 *   dropped   the broker ended the connection
 *   REFUSED   the broker said no: an errno's name
 *   kept-out  the kernel said no
 *   gone      what it had no right to keep is not there any more
 *   lives     nothing happened to it
 *
 * and stays as it is until its standard input ends; or until it is killed.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

/* Words on the wire: of a size, a kind or an order that is none. */

static const char *send_bytes(struct vmm *vmm, size_t bytes)
{
	static char buffer[65536];
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	memcpy(buffer, &m, sizeof(m));
	must(fd_send(vmm->socket, buffer, bytes, -1, 0) == 0, "send");
	return vmm_outcome(vmm);
}

static const char *half(struct vmm *vmm)
{
	return send_bytes(vmm, sizeof(struct lab_lease_msg) / 2);
}

static const char *empty(struct vmm *vmm)
{
	return send_bytes(vmm, 0);
}

static const char *oversized(struct vmm *vmm)
{
	return send_bytes(vmm, 65536);
}

static const char *magic(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	m.magic++;
	return vmm_ask(vmm, &m);
}

static const char *version(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	m.version++;
	return vmm_ask(vmm, &m);
}

static const char *backwards(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	m.seq -= 2;
	return vmm_ask(vmm, &m);
}

/* Every type that there is or is not, but for those that it may say. */
static const char *types(struct vmm *vmm)
{
	const char *outcome = vmm_dropped;

	for (int type = 0; type < 40 && outcome == vmm_dropped; type++) {
		if (type == LAB_LEASE_LEASE)
			continue;
		vmm_renew(vmm, "mallory");
		struct lab_lease_msg m = vmm_message(vmm, type);
		outcome = vmm_ask(vmm, &m);
	}
	return outcome;
}

static const char *unannounced(struct vmm *vmm)
{
	struct lab_lease_msg m;

	vmm_connect(vmm);
	m = vmm_message(vmm, LAB_LEASE_LEASE);
	if (vmm_ask(vmm, &m) != vmm_dropped)
		return "lives";
	vmm_connect(vmm);
	m = vmm_message(vmm, LAB_LEASE_RETURN);
	return vmm_ask(vmm, &m);
}

static const char *urgent(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	return fd_send(vmm->socket, &m, sizeof(m), -1, MSG_OOB) < 0
		       ? "kept-out"
		       : vmm_outcome(vmm);
}

/* What it asks for */

static const char *greet(struct vmm *vmm, const char *name, uint64_t guarantee,
			 uint64_t limit, uint32_t flags)
{
	vmm_connect(vmm);
	struct lab_lease_msg m = vmm_hello(vmm, name, guarantee, limit);
	m.hello.flags = flags;
	return vmm_ask(vmm, &m);
}

static const char *another_name(struct vmm *vmm)
{
	return greet(vmm, "ada", 1, 1, 0);
}

static const char *adopt_another(struct vmm *vmm)
{
	return greet(vmm, "ada", 4, 4, LAB_HELLO_ADOPT);
}

static const char *adopt_nobody(struct vmm *vmm)
{
	return greet(vmm, "nobody", 1, 1, LAB_HELLO_ADOPT);
}

static const char *absurd(struct vmm *vmm)
{
	return greet(vmm, "mallory", UINT64_MAX, UINT64_MAX, 0);
}

static const char *everything(struct vmm *vmm)
{
	return greet(vmm, "mallory", POOL_LEASES, POOL_LEASES, 0);
}

static const char *flags(struct vmm *vmm)
{
	return greet(vmm, "mallory", 1, 1, 0x80000000);
}

/* Leases that are not its own, or not any more */

static const char *replay(struct vmm *vmm)
{
	uint64_t id = vmm_lease(vmm, NULL);

	vmm_return(vmm, id);
	vmm_return(vmm, id);
	return vmm_outcome(vmm);
}

static const char *older(struct vmm *vmm)
{
	uint64_t id = vmm_lease(vmm, NULL);

	/* What it holds, by the number of a lease before. */
	vmm_return(vmm, id - (UINT64_C(1) << 32));
	return vmm_outcome(vmm);
}

/* Of each extent, by each number that its first leases have. */
static const char *anothers(struct vmm *vmm)
{
	const char *outcome = vmm_dropped;

	for (uint64_t extent = 0; extent < POOL_LEASES; extent++)
		for (uint64_t generation = 0;
		     generation < 4 && outcome == vmm_dropped; generation++) {
			vmm_renew(vmm, "mallory");
			vmm_return(vmm, generation << 32 | extent);
			outcome = vmm_outcome(vmm);
		}
	return outcome;
}

static const char *beyond(struct vmm *vmm)
{
	const uint64_t ids[] = {POOL_LEASES, UINT32_MAX, UINT64_MAX,
				UINT64_C(1) << 32 | POOL_LEASES};
	const char *outcome = vmm_dropped;

	for (size_t i = 0; i < 4 && outcome == vmm_dropped; i++) {
		vmm_renew(vmm, "mallory");
		vmm_return(vmm, ids[i]);
		outcome = vmm_outcome(vmm);
	}
	return outcome;
}

static const char *two_questions(struct vmm *vmm)
{
	const char *outcome = "lives";

	/* One that waits, above what there is, and another behind it. */
	vmm_renew_with(vmm, "mallory", 1, POOL_LEASES, 0);
	for (int i = 0; i < POOL_LEASES && outcome != vmm_dropped; i++) {
		struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);
		m.lease.wait_ms = 1000000;
		must(vmm_send(vmm, &m) == 0, "send");
		m = vmm_message(vmm, LAB_LEASE_LEASE);
		m.lease.wait_ms = 1000000;
		vmm_send(vmm, &m);
		outcome = vmm_drain(vmm, 2);
	}
	return outcome;
}

/* Floods */

static const char *never_read(struct vmm *vmm)
{
	for (int i = 0; i < 1000; i++) {
		struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);
		if (vmm_send(vmm, &m) < 0)
			break;
	}
	return vmm_outcome(vmm);
}

static const char *lease_flood(struct vmm *vmm)
{
	for (int i = 0; i < 400; i++)
		vmm_return(vmm, vmm_lease(vmm, NULL));
	return vmm_outcome(vmm);
}

static const char *hello_flood(struct vmm *vmm)
{
	for (int i = 0; i < 300; i++)
		vmm_renew(vmm, "mallory");
	return vmm_outcome(vmm);
}

/* Far more connections than there are slots for the silent. */
static const char *silent_flood(struct vmm *vmm)
{
	int first = -1;

	for (int i = 0; i < 400; i++) {
		vmm->socket = -1; /* kept */
		vmm_connect(vmm);
		first = first < 0 ? vmm->socket : first;
	}
	vmm->socket = first;
	return vmm_outcome(vmm);
}

static const char *garbage_flood(struct vmm *vmm)
{
	const char *outcome = vmm_dropped;

	for (int i = 0; i < 300 && outcome == vmm_dropped; i++) {
		vmm_connect(vmm);
		outcome = half(vmm);
	}
	return outcome;
}

static const char *silence(struct vmm *vmm)
{
	vmm_connect(vmm);
	return "lives";
}

/* Its end of the socket */

static const char *stop_reading(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	shutdown(vmm->socket, SHUT_RD);
	vmm_send(vmm, &m);
	return vmm_await_hangup(vmm);
}

static const char *stop_writing(struct vmm *vmm)
{
	shutdown(vmm->socket, SHUT_WR);
	return vmm_outcome(vmm);
}

static const char *tiny_buffers(struct vmm *vmm)
{
	int least = 1;

	setsockopt(vmm->socket, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	setsockopt(vmm->socket, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	for (int i = 0; i < 8; i++)
		vmm_return(vmm, vmm_lease(vmm, NULL));
	return vmm_outcome(vmm);
}

static const char *die(struct vmm *vmm)
{
	struct lab_lease_msg m = vmm_message(vmm, LAB_LEASE_LEASE);

	/* With a descriptor on its way to it. */
	vmm_lease(vmm, NULL);
	vmm_send(vmm, &m);
	printf("lives\n");
	fflush(stdout);
	_exit(0);
}

static const struct act acts[] = {
	{"half", half, false},
	{"empty", empty, false},
	{"oversized", oversized, false},
	{"magic", magic, false},
	{"version", version, false},
	{"backwards", backwards, false},
	{"types", types, false},
	{"unannounced", unannounced, false},
	{"urgent", urgent, false},
	{"another-name", another_name, false},
	{"adopt-another", adopt_another, false},
	{"adopt-nobody", adopt_nobody, false},
	{"absurd", absurd, false},
	{"everything", everything, false},
	{"flags", flags, false},
	{"replay", replay, false},
	{"older", older, false},
	{"anothers", anothers, false},
	{"beyond", beyond, false},
	{"two-questions", two_questions, false},
	{"never-read", never_read, false},
	{"lease-flood", lease_flood, false},
	{"hello-flood", hello_flood, false},
	{"silent-flood", silent_flood, false},
	{"garbage-flood", garbage_flood, false},
	{"silence", silence, false},
	{"stop-reading", stop_reading, false},
	{"stop-writing", stop_writing, false},
	{"tiny-buffers", tiny_buffers, false},
	{"die", die, false},
};

static const struct act *find(const struct act *in, size_t count,
			      const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(in[i].name, name) == 0)
			return &in[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct vmm vmm = {.socket = -1};
	char byte;

	must(argc == 3, "usage: hostile SOCKET ACT");
	vmm.path = argv[1];
	const struct act *act =
		find(acts, sizeof(acts) / sizeof(acts[0]), argv[2]);
	if (act == NULL)
		act = find(file_acts, file_acts_count, argv[2]);
	must(act != NULL, argv[2]);
	if (!act->alone)
		vmm_renew(&vmm, "mallory");
	printf("%s\n", act->act(&vmm));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
