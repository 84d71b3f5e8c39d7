/* SPDX-License-Identifier: MIT */
/*
 * A broker on its event loop, and clients in processes of their own. Include
 * config.h first.
 */
#ifndef LABYRINTH_TESTS_LOOP_SUPPORT_H
#define LABYRINTH_TESTS_LOOP_SUPPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/broker.h"
#include "broker/connections.h"
#include "broker/session.h"
#include "lease/client.h"

#define POOL_LEASES 8

struct fixture {
	char dir[32];
	sd_event *event;
	struct broker *broker;
	struct ledger *ledger;
};

static inline struct broker *start_broker(struct fixture *f)
{
	const struct pool_spec spec = {.name = "pool", .leases = POOL_LEASES};
	struct broker *broker = NULL;
	struct err err = {.text = ""};

	if (broker_new(&broker, f->event, &err) < 0 ||
	    broker_claim(broker, f->dir, &err) < 0 ||
	    broker_add_pools(broker, &spec, 1, &err) < 0 ||
	    broker_listen(broker, -1, &err) < 0)
		fail_msg("%s", err.text);
	f->ledger = pool_ledger(broker_registry(broker)->pools[0]);
	return broker;
}

static inline int setup(void **state)
{
	static struct fixture fixture;

	strcpy(fixture.dir, "/tmp/labyrinth-XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	assert_true(sd_event_new(&fixture.event) >= 0);
	fixture.broker = start_broker(&fixture);
	*state = &fixture;
	return 0;
}

static inline void path_of(const struct fixture *f, const char *name,
			   char path[64])
{
	snprintf(path, 64, "%s/%s", f->dir, name);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char path[64];

	broker_free(f->broker);
	sd_event_unref(f->event);
	path_of(f, BROKER_SOCKET_NAME, path);
	assert_int_equal(access(path, F_OK), -1);
	path_of(f, BROKER_LOCK_NAME, path);
	unlink(path);
	return rmdir(f->dir);
}

/* Run the broker until it is so, validating after every event. */
static inline void run_until(struct fixture *f,
			     bool (*so)(struct fixture *, int), int context)
{
	while (!so(f, context)) {
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
		assert_valid(f->ledger);
	}
}

static inline bool is_whole(struct fixture *f, int context)
{
	(void)context;
	return broker_registry(f->broker)->first == NULL &&
	       ledger_count(f->ledger, EXTENT_BLANK) == POOL_LEASES;
}

static inline bool holds(struct fixture *f, int leases)
{
	return ledger_count(f->ledger, EXTENT_LEASED) == (uint32_t)leases;
}

/*
 * A client in a child: greets, then does as its body says. It ends with this
 * process at the latest, so that nobody waits for one that a test which failed
 * has left behind.
 */
static inline pid_t start_client(struct fixture *f, const char *name,
				 int guarantee, int limit,
				 int (*body)(struct lease_source *, int),
				 int context)
{
	char path[64];

	path_of(f, BROKER_SOCKET_NAME, path);
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(98);
	const struct client_request request = {.name = name,
					       .pool = "pool",
					       .memory = 1,
					       .guarantee = (uint64_t)guarantee,
					       .limit = (uint64_t)limit,
					       .cpus = 1};
	struct client client;
	struct client_welcome welcome;
	struct err err;
	if (client_connect(&client, path, &err) < 0 ||
	    client_hello(&client, &request, &welcome, &err) < 0)
		_exit(99);
	struct lease_source source = client_source(&client);
	_exit(body(&source, context));
}

static inline int status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Take and use, give back some, for ever. */
static inline int churn(struct lease_source *source, int seed)
{
	struct lease held[POOL_LEASES];
	uint32_t random = (uint32_t)seed;
	int n = 0;

	for (;;) {
		random = random * 1664525 + 1013904223;
		if (n < POOL_LEASES && (random >> 16) % 3 != 0) {
			if (source->get(source->context, &held[n]) == 0)
				n++;
		} else if (n > 0) {
			n--;
			close(held[n].fd);
			source->put(source->context, held[n].id);
		}
	}
	return 0;
}

static inline int take(struct lease_source *source, int leases)
{
	struct lease lease;

	for (int i = 0; i < leases; i++) {
		if (source->get(source->context, &lease) < 0)
			return 1;
		close(lease.fd);
	}
	pause();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
