/* SPDX-License-Identifier: MIT */
/*
 * A broker that can be ended and started again, and VMMs in processes of their
 * own that do what they are told. Include after cmocka.h.
 */
#ifndef LABYRINTH_TESTS_ADOPT_SUPPORT_H
#define LABYRINTH_TESTS_ADOPT_SUPPORT_H

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/broker.h"
#include "lease/client.h"

#define POOL_LEASES 8

/* More descriptors than the broker looks through. */
#define CLUTTERED 10000

struct vmm {
	struct fixture *fixture;
	pid_t pid;
	int orders; /* the test's end of a socket pair */
};

struct fixture {
	char dir[32];
	char socket[64];
	sd_event *event;
	struct broker *broker;
	struct ledger *ledger;
	uint64_t await;
	struct vmm vmms[3];
};

/* What a VMM can be told to do, and answers with a number. */
enum order {
	HELLO,	/* be admitted: 0 or a negated errno */
	GET,	/* a lease, and map it */
	ASK,	/* for a lease, which GET receives then */
	UNMAP,	/* the latest, without a word to the broker */
	RETURN, /* likewise, and RETURN it */
	REJOIN, /* the next broker: the leases that it knows, or an errno */
	AGAIN,	/* the same, over one more connection */
	WHOLE,	/* how many leases have their pages, and their stamps */
	SHRINK, /* the latest, by a way that no VMM should have */
	FENCE,	/* the latest: who opens its file waits, or is told so */
	UNFENCE,
	CLUTTER, /* itself with more descriptors than are looked through */
	FORGE,	 /* one of our own making in place of the latest */
	STEAL,	 /* map the leases of another process (its pid): how many */
	SPOIL,	 /* how many of these have their pages */
	RENAME,	 /* say another name from now on */
	GROW,	 /* say another limit from now on */
	SPLIT,	 /* say one processor more from now on */
	BREAK,	 /* the protocol, so that all is taken back */
	CHURN,	 /* get and return till the broker goes; then come back */
};

/* Of a VMM's process */
struct puppet {
	struct client client, second;
	struct client_request request;
	char path[64];
	uint8_t *pages[POOL_LEASES + 1];
	uint64_t ids[POOL_LEASES + 1];
	uint32_t count;
	uint8_t *stolen[POOL_LEASES];
	int spoil;
	int fence; /* descriptor of the one that is fenced */
};

static inline int puppet_get(struct puppet *self)
{
	struct lease_source source = client_source(&self->client);
	struct lease lease;

	int r = source.get(source.context, &lease);
	if (r < 0)
		return r;
	uint8_t *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, lease.fd, 0);
	close(lease.fd);
	if (at == MAP_FAILED)
		return -ENOMEM;
	memcpy(at, &lease.id, sizeof(lease.id));
	self->pages[self->count] = at;
	self->ids[self->count++] = lease.id;
	return 0;
}

static inline int puppet_ask(struct puppet *self)
{
	struct lease_source source = client_source(&self->client);

	return source.ask(source.context, 0);
}

static inline int puppet_whole(const struct puppet *self)
{
	int whole = 0;

	for (uint32_t i = 0; i < self->count; i++) {
		if (madvise(self->pages[i], 4096, MADV_POPULATE_READ) == 0)
			whole += memcmp(self->pages[i], &self->ids[i], 8) == 0;
	}
	return whole;
}

static inline int puppet_rejoin(struct puppet *self, struct client *client)
{
	struct client_welcome welcome;
	struct err err;

	int r = client_rejoin(client, self->path, &self->request, &err);
	while (r == 0) {
		struct pollfd fd = {.fd = client->socket, .events = POLLIN};
		poll(&fd, 1, -1);
		r = client_welcomed(client, &welcome, &err);
		if (r == 0)
			return (int)welcome.held;
		r = r == -EAGAIN ? 0 : r;
	}
	return r;
}

/* Open the file of a mapping, of this process or another. */
static inline int open_mapping(pid_t pid, const uint8_t *at)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)pid,
		 (unsigned long)at, (unsigned long)at + LAB_EXTENT_SIZE);
	return open(path, O_RDWR | O_CLOEXEC);
}

static inline int puppet_forge(struct puppet *self)
{
	uint32_t last = self->count - 1;
	char name[64];

	snprintf(name, sizeof(name), "labyrinth:pool:%u",
		 (uint32_t)self->ids[last]);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(fd, LAB_EXTENT_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	mmap(self->pages[last], LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
	     MAP_SHARED | MAP_FIXED, fd, 0);
	memcpy(self->pages[last], &self->ids[last], 8);
	return close(fd);
}

/* All that another process has of the pool, is ours too. */
static inline int puppet_steal(struct puppet *self, pid_t victim)
{
	char line[256];

	snprintf(line, sizeof(line), "/proc/%d/maps", (int)victim);
	FILE *maps = fopen(line, "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t at;
		if (strstr(line, "memfd:labyrinth") == NULL ||
		    sscanf(line, "%" SCNxPTR, &at) != 1)
			continue;
		int fd = open_mapping(victim, (uint8_t *)at);
		self->stolen[self->spoil++] = mmap(
			NULL, LAB_EXTENT_SIZE, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	return self->spoil;
}

static inline int puppet_spoil(const struct puppet *self)
{
	int whole = 0;

	for (int i = 0; i < self->spoil; i++)
		whole +=
			madvise(self->stolen[i], 4096, MADV_POPULATE_READ) == 0;
	return whole;
}

static inline int puppet_shrink(struct puppet *self)
{
	int fd = open_mapping(getpid(), self->pages[self->count - 1]);
	int r = ftruncate(fd, LAB_EXTENT_SIZE / 2);

	close(fd);
	return r;
}

static inline int puppet_fence(struct puppet *self)
{
	self->fence = open_mapping(getpid(), self->pages[self->count - 1]);
	signal(SIGIO, SIG_IGN); /* as the kernel asks for it back */
	return fcntl(self->fence, F_SETLEASE, F_WRLCK) < 0 ? -errno : 0;
}

/* As many descriptors, or none of them any more: 0 or a negated errno. */
static inline int puppet_clutter(int count)
{
	struct rlimit most;

	if (count == 0)
		return close_range(1024, CLUTTERED + 1024, 0);
	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &most) < 0)
		return -errno;
	for (int fd = 1024; fd < 1024 + count; fd++)
		if (dup2(0, fd) < 0)
			return -errno;
	return 0;
}

static inline int puppet_unmap(struct puppet *self, bool tell)
{
	struct lease_source source = client_source(&self->client);

	self->count--;
	munmap(self->pages[self->count], LAB_EXTENT_SIZE);
	if (tell)
		source.put(source.context, self->ids[self->count]);
	return 0;
}

static inline int puppet_hello(struct puppet *self)
{
	struct client_welcome welcome;
	struct err err;

	int r = client_connect(&self->client, self->path, &err);
	return r < 0 ? r
		     : client_hello(&self->client, &self->request, &welcome,
				    &err);
}

/*
 * Take and give back until there is no broker, and come back to the next: is
 * all that is mapped known there, and nothing more? 0, or what is not so.
 */
static inline int puppet_churn(struct puppet *self, int seed)
{
	uint32_t random = (uint32_t)seed;
	int r = 0;

	for (; r != -EPIPE; random = random * 1664525 + 1013904223) {
		if ((random >> 16) % 8 < 5)
			r = puppet_get(self);
		else if (self->count > 0)
			r = puppet_unmap(self, true);
	}
	do {
		r = puppet_rejoin(self, &self->client);
	} while (r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE);
	if (r < 0)
		return r;
	return r != (int)self->count || puppet_whole(self) != r;
}

static inline int puppet_obey(struct puppet *self, int order, int number)
{
	switch ((enum order)order) {
	case HELLO:
		return puppet_hello(self);
	case GET:
		return puppet_get(self);
	case ASK:
		return puppet_ask(self);
	case UNMAP:
	case RETURN:
		return puppet_unmap(self, order == RETURN);
	case REJOIN:
		return puppet_rejoin(self, &self->client);
	case AGAIN:
		self->second = (struct client){.socket = -1};
		return puppet_rejoin(self, &self->second);
	case WHOLE:
		return puppet_whole(self);
	case SHRINK:
		return puppet_shrink(self);
	case FENCE:
		return puppet_fence(self);
	case UNFENCE:
		return close(self->fence);
	case CLUTTER:
		return puppet_clutter(number);
	case FORGE:
		return puppet_forge(self);
	case STEAL:
		return puppet_steal(self, number);
	case SPOIL:
		return puppet_spoil(self);
	case RENAME:
		self->request.name = "renamed";
		return 0;
	case GROW:
		self->request.limit++;
		return 0;
	case SPLIT:
		self->request.cpus++;
		return 0;
	case BREAK:
		return fd_send(self->client.socket, "x", 1, -1, 0);
	case CHURN:
		return puppet_churn(self, number);
	}
	return -ENOSYS;
}

/* Of the test's process */

/* Tell a VMM something; the broker serves meanwhile, if there is one. */
static inline int tell(struct vmm *self, enum order order, int number)
{
	int words[2] = {(int)order, number};
	struct pollfd fd = {.fd = self->orders, .events = POLLIN};
	struct fixture *f = self->fixture;
	int answer;

	assert_int_equal(send(self->orders, words, sizeof(words), 0),
			 sizeof(words));
	while (poll(&fd, 1, f->broker == NULL ? -1 : 0) == 0) {
		assert_true(sd_event_run(f->event, 1000) >= 0);
		assert_valid(f->ledger);
	}
	assert_int_equal(recv(self->orders, &answer, sizeof(answer), 0),
			 sizeof(answer));
	return answer;
}

static inline struct vmm *start_vmm(struct fixture *f, int i, const char *name,
				    uint32_t guarantee, uint32_t limit)
{
	struct vmm *self = &f->vmms[i];
	int pair[2], words[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fflush(NULL);
	self->fixture = f;
	self->orders = pair[0];
	self->pid = fork();
	if (self->pid != 0) {
		close(pair[1]);
		return self;
	}
	/* As a program of its own: none of the broker's files. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 3; fd < 100; fd++)
		if (fd != pair[1])
			close(fd);
	struct puppet puppet = {
		.client = {.socket = -1},
		.request = {.name = name,
			    .pool = "pool",
			    .memory = 1,
			    .guarantee = guarantee,
			    .limit = limit,
			    .cpus = 2},
	};
	strcpy(puppet.path, f->socket);
	while (recv(pair[1], words, sizeof(words), 0) == sizeof(words)) {
		int answer = puppet_obey(&puppet, words[0], words[1]);
		send(pair[1], &answer, sizeof(answer), 0);
	}
	_exit(0);
}

static inline void kill_vmm(struct vmm *self)
{
	if (self->pid == 0)
		return;
	kill(self->pid, SIGKILL);
	assert_int_equal(waitpid(self->pid, NULL, 0), self->pid);
	close(self->orders);
	self->pid = 0;
}

/* One that is admitted and holds so many leases. */
static inline struct vmm *start_guest(struct fixture *f, int i,
				      const char *name, uint32_t guarantee,
				      uint32_t limit, uint32_t leases)
{
	struct vmm *self = start_vmm(f, i, name, guarantee, limit);

	assert_int_equal(tell(self, HELLO, 0), 0);
	while (leases-- > 0)
		assert_int_equal(tell(self, GET, 0), 0);
	return self;
}

static inline int try_start(struct fixture *f, struct err *err)
{
	const struct pool_spec spec = {.name = "pool", .leases = POOL_LEASES};

	if (broker_new(&f->broker, f->event, err) < 0 ||
	    broker_claim(f->broker, f->dir, err) < 0)
		return -1;
	broker_await(f->broker, f->await);
	if (broker_add_pools(f->broker, &spec, 1, err) < 0 ||
	    broker_listen(f->broker, -1, err) < 0)
		return -1;
	f->ledger = pool_ledger(broker_registry(f->broker)->pools[0]);
	assert_valid(f->ledger);
	return 0;
}

static inline void start_broker(struct fixture *f)
{
	struct err err = {.text = ""};

	if (try_start(f, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void end_broker(struct fixture *f)
{
	broker_free(f->broker);
	f->broker = NULL;
}

static inline void restart_broker(struct fixture *f)
{
	end_broker(f);
	start_broker(f);
}

static inline uint32_t state_count(const struct fixture *f,
				   enum extent_state state)
{
	return ledger_count(f->ledger, state);
}

/* Let the broker work until so many are blank. */
static inline void until_blank(struct fixture *f, uint32_t leases)
{
	while (state_count(f, EXTENT_BLANK) != leases) {
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
		assert_valid(f->ledger);
	}
}

static inline int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.await = 1000000};
	strcpy(fixture.dir, "/tmp/labyrinth-XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	snprintf(fixture.socket, sizeof(fixture.socket), "%s/%s", fixture.dir,
		 BROKER_SOCKET_NAME);
	assert_true(sd_event_new(&fixture.event) >= 0);
	start_broker(&fixture);
	*state = &fixture;
	return 0;
}

/* All end with all VMMs gone, the pool whole, and no file left but the lock. */
static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char path[64];

	for (int i = 0; i < 3; i++)
		kill_vmm(&f->vmms[i]);
	while (broker_registry(f->broker)->first != NULL)
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
	until_blank(f, POOL_LEASES);
	assert_int_equal(ledger_guaranteed(f->ledger), 0);
	end_broker(f);
	sd_event_unref(f->event);
	snprintf(path, sizeof(path), "%s/%s", f->dir, BROKER_LOCK_NAME);
	assert_int_equal(unlink(path), 0);
	return rmdir(f->dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
