/* SPDX-License-Identifier: MIT */
/* Pools by their XML: read, kept, started, stopped, found again. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#include "guests-support.h"

#include "broker-support.h"
#include "guests/pool_def.h"
#include "guests/pools.h"

#define POOL(name, more)                                              \
	"<pool type='labyrinth' xmlns:labyrinth='" SPACE "'>"         \
	"<name>" name "</name><capacity unit='MiB'>8</capacity>" more \
	"</pool>"
#define SPACE "urn:labyrinth:libvirt:1"
#define SHMEM                                                          \
	"<labyrinth:pool><labyrinth:backing>shmem</labyrinth:backing>" \
	"</labyrinth:pool>"

struct fixture {
	char folder[64];
	char run[128], state[128];
	sd_event *event;
	struct broker *broker;
	struct pools *pools;
	const struct act_pools *act;
	struct view_listener listener;
	enum view_happening heard[16];
	size_t nheard;
	struct act_wait wait;
	int done;
};

static void hear(void *context, const struct view_event *event)
{
	struct fixture *f = context;

	f->heard[f->nheard++ % 16] = event->what;
}

static void on_done(struct act_wait *wait, int r, const struct err *err)
{
	struct fixture *f =
		(void *)((char *)wait - offsetof(struct fixture, wait));

	(void)err;
	f->done = r == 0 ? 1 : -1;
}

static void open_pools(struct fixture *f)
{
	static const struct pool_spec given = {
		.name = "default", .leases = 4, .backing = LAB_BACKING_SHMEM};
	const struct pools_terms terms = {
		.event = f->event,
		.broker = NULL,
		.run_dir = f->run,
		.state_dir = f->state,
		.state_required = true,
		.given = &given,
		.ngiven = 1,
	};
	struct pools_terms with = terms;
	struct err err = {.text = ""};

	if (broker_new(&f->broker, f->event, &err) < 0 ||
	    broker_claim(f->broker, f->run, &err) < 0 ||
	    broker_add_pools(f->broker, &given, 1, &err) < 0)
		fail_msg("%s", err.text);
	with.broker = f->broker;
	if (pools_new(&f->pools, &with, &err) < 0)
		fail_msg("%s", err.text);
	f->act = pools_acts(f->pools);
	f->listener = (struct view_listener){hear, f};
	pools_tell(f->pools, &f->listener);
	f->nheard = 0;
	f->done = 0;
}

static void close_pools(struct fixture *f)
{
	pools_free(f->pools);
	broker_free(f->broker);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;

	*f = (struct fixture){0};
	*state = f;
	make_folder(f->folder);
	snprintf(f->run, sizeof(f->run), "%s/run", f->folder);
	snprintf(f->state, sizeof(f->state), "%s/state", f->folder);
	assert_true(sd_event_new(&f->event) >= 0);
	f->wait.done = on_done;
	open_pools(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_pools(f);
	sd_event_unref(f->event);
	remove_folder(f->folder);
	return 0;
}

static const struct act_pool *named(struct fixture *f, const char *name)
{
	const struct act_pool *pool = f->act->next(f->act->context, NULL);

	while (pool != NULL && strcmp(pool->name, name) != 0)
		pool = f->act->next(f->act->context, pool);
	return pool;
}

static struct pool *active(struct fixture *f, const char *name)
{
	return registry_find_pool(broker_registry(f->broker), name);
}

static const struct act_pool *define(struct fixture *f, const char *xml)
{
	uint8_t uuid[16];
	struct err err = {.text = ""};

	if (f->act->define(f->act->context, xml, uuid, &err) < 0)
		fail_msg("%s", err.text);
	return named(f, "a");
}

static int on_call(sd_event_source *source, void *context)
{
	(void)source, (void)context;
	return 0;
}

/* Start it in a turn of the loop, and wait until it has its leases. */
static void start(struct fixture *f, const struct act_pool *pool)
{
	sd_event_source *call = NULL;
	struct err err = {.text = ""};

	if (f->act->start(f->act->context, pool, &f->wait, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(sd_event_add_defer(f->event, &call, on_call, NULL) >= 0);
	for (int turn = 0; f->done == 0 && turn < 1000; turn++)
		assert_true(sd_event_run(f->event, 1000000) >= 0);
	sd_event_source_unref(call);
	assert_int_equal(f->done, 1);
	f->done = 0;
}

static void keeps_what_is_defined(void **state)
{
	struct fixture *f = *state;
	const struct act_pool *pool = define(f, POOL("a", SHMEM));

	assert_int_equal(pool->size, 4);
	assert_true(pool->defined);
	assert_false(pool->autostart);
	assert_null(active(f, "a"));
	assert_int_equal(f->heard[0], VIEW_POOL_DEFINED);
	close_pools(f);
	open_pools(f);
	pool = named(f, "a");
	assert_non_null(pool);
	assert_true(pool->defined);
	assert_null(active(f, "a"));
}

static void what_is_active_is_found_again(void **state)
{
	struct fixture *f = *state;
	struct err err;
	uint8_t uuid[16];

	start(f, define(f, POOL("a", SHMEM)));
	assert_int_equal(f->heard[1], VIEW_POOL_STARTED);
	assert_int_equal(
		ledger_count(pool_ledger(active(f, "a")), EXTENT_BLANK), 4);
	assert_int_equal(f->act->create(f->act->context, POOL("b", SHMEM), uuid,
					&f->wait, &err),
			 0);
	f->act->forget(f->act->context, &f->wait);
	close_pools(f);
	open_pools(f);
	assert_int_equal(
		ledger_count(pool_ledger(active(f, "a")), EXTENT_BLANK), 4);
	assert_true(named(f, "a")->defined);
	assert_non_null(active(f, "b"));
	assert_false(named(f, "b")->defined);
	/* And what was stopped is not. */
	assert_int_equal(f->act->stop(f->act->context, named(f, "a"), &err), 0);
	assert_int_equal(f->act->stop(f->act->context, named(f, "b"), &err), 0);
	assert_int_equal(f->heard[0], VIEW_POOL_STOPPED);
	assert_null(named(f, "b"));
	close_pools(f);
	open_pools(f);
	assert_null(active(f, "a"));
	assert_null(active(f, "b"));
}

static void a_guest_keeps_its_pool(void **state)
{
	struct fixture *f = *state;
	struct registry *registry = broker_registry(f->broker);
	const struct lab_lease_msg hello = {.hello = {.name = "ada",
						      .pool = "a",
						      .memory = 1,
						      .guarantee = 1,
						      .limit = 2,
						      .cpus = 1}};
	struct guest *guest;
	struct err err;

	start(f, define(f, POOL("a", SHMEM)));
	assert_int_equal(registry_admit(registry, &hello, 1, &guest, &err), 0);
	assert_int_equal(f->act->stop(f->act->context, named(f, "a"), &err),
			 -EBUSY);
	assert_text(&err, "guest ada leases from it");
	assert_non_null(active(f, "a"));
	registry_dismiss(registry, guest);
	assert_int_equal(f->act->stop(f->act->context, named(f, "a"), &err), 0);
	assert_null(active(f, "a"));
	assert_non_null(active(f, "default"));
}

static void refuses_what_cannot_be(void **state)
{
	struct fixture *f = *state;
	const struct act_pool *given = named(f, "default");
	uint8_t uuid[16];
	struct err err;

	assert_true(given->defined && given->autostart);
	assert_int_equal(f->act->undefine(f->act->context, given, &err),
			 -EPERM);
	assert_text(&err, "--pool");
	assert_int_equal(
		f->act->define(f->act->context,
			       POOL("default",
				    "<labyrinth:pool><labyrinth:backing>thp"
				    "</labyrinth:backing></labyrinth:pool>"),
			       uuid, &err),
		-EPERM);
	const struct act_pool *pool = define(f, POOL("a", SHMEM));
	assert_int_equal(f->act->stop(f->act->context, pool, &err), -EPERM);
	start(f, pool);
	assert_int_equal(f->act->start(f->act->context, pool, &f->wait, &err),
			 -EBUSY);
	assert_int_equal(f->act->undefine(f->act->context, pool, &err), -EBUSY);
	assert_int_equal(f->act->create(f->act->context, POOL("a", SHMEM), uuid,
					&f->wait, &err),
			 -EBUSY);
	assert_int_equal(
		f->act->define(f->act->context,
			       POOL("a", "<uuid>11111111-1111-1111-1111-"
					 "111111111111</uuid>"),
			       uuid, &err),
		-EEXIST);
	/* More than the host has of memory, or of descriptors. */
	assert_true(f->act->create(f->act->context,
				   "<pool type='labyrinth'><name>c</name>"
				   "<capacity unit='TiB'>2</capacity></pool>",
				   uuid, &f->wait, &err) < 0);
	assert_null(named(f, "c"));
	assert_null(active(f, "c"));
}

static void a_capacity_counts_at_once(void **state)
{
	struct fixture *f = *state;
	uint8_t uuid[16];
	struct err err;

	start(f, define(f, POOL("a", SHMEM)));
	define(f, "<pool type='labyrinth'><name>a</name><capacity unit='MiB'>12"
		  "</capacity></pool>");
	assert_int_equal(ledger_size(pool_ledger(active(f, "a"))), 6);
	assert_int_equal(named(f, "a")->size, 6);
	/* What it is not waits for the next start. */
	define(f, "<pool type='labyrinth' xmlns:labyrinth='" SPACE "'>"
		  "<name>a</name><capacity unit='MiB'>4</capacity>"
		  "<labyrinth:pool><labyrinth:backing>thp</labyrinth:backing>"
		  "</labyrinth:pool></pool>");
	assert_int_equal(ledger_size(pool_ledger(active(f, "a"))), 6);
	assert_int_equal(named(f, "a")->size, 2);
	/* Of those of the options it is all that counts. */
	assert_int_equal(f->act->define(f->act->context, POOL("default", SHMEM),
					uuid, &err),
			 0);
	assert_int_equal(
		f->act->define(f->act->context,
			       "<pool type='labyrinth'><name>default</name>"
			       "<capacity unit='MiB'>10</capacity></pool>",
			       uuid, &err),
		0);
	assert_int_equal(ledger_size(pool_ledger(active(f, "default"))), 5);
	close_pools(f);
	open_pools(f);
	assert_int_equal(ledger_size(pool_ledger(active(f, "default"))), 5);
	assert_int_equal(ledger_size(pool_ledger(active(f, "a"))), 6);
}

static void starts_with_the_host(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(f->act->autostart(f->act->context,
					   define(f, POOL("a", SHMEM)), true,
					   &err),
			 0);
	close_pools(f);
	open_pools(f);
	assert_int_equal(
		ledger_count(pool_ledger(active(f, "a")), EXTENT_BLANK), 4);
	/* But not with each daemon: guests.c leaves this mark. */
	assert_int_equal(f->act->stop(f->act->context, named(f, "a"), &err), 0);
	write_file(f->run, "autostarted", "");
	close_pools(f);
	open_pools(f);
	assert_null(active(f, "a"));
}

static void assert_refused(const char *xml, int code, const char *part)
{
	struct pool_def def;
	struct err err;

	assert_int_equal(pool_def_read(&def, xml, &err), -code);
	assert_text(&err, part);
}

static void refuses_by_name(void **state)
{
	(void)state;
	assert_refused("<pool type='dir'><name>a</name></pool>", ENOTSUP,
		       "/pool/@type");
	assert_refused(POOL("a", "<features/>"), ENOTSUP, "/pool/features");
	assert_refused(POOL("a", "<pool/>"), ENOTSUP, "/pool/pool");
	assert_refused(POOL("a", "<labyrinth:name/>"), ENOTSUP,
		       "/pool/labyrinth:name");
	assert_refused(POOL("a", "<source><dir path='/x'/></source>"), ENOTSUP,
		       "/pool/source/dir");
	assert_refused(POOL("a", "<target><path>/x</path></target>"), ENOTSUP,
		       "/pool/target/path");
	assert_refused(POOL("a", "<labyrinth:pool><labyrinth:backing>gold"
				 "</labyrinth:backing></labyrinth:pool>"),
		       EINVAL, "hugetlb");
	assert_refused(POOL("a", "<labyrinth:pool><labyrinth:node>x"
				 "</labyrinth:node></labyrinth:pool>"),
		       EINVAL, "NUMA");
	assert_refused(POOL("a b", ""), EINVAL, "/pool/name");
	assert_refused("<pool type='labyrinth'><name>a</name></pool>", EINVAL,
		       "capacity");
	assert_refused("<domain/>", ENOTSUP, "this is no pool");
	assert_refused("<pool", EBADMSG, "no pool XML");
}

static void reads_what_it_writes(void **state)
{
	struct pool_def def, again;
	struct err err;

	(void)state;
	assert_int_equal(
		pool_def_read(&def,
			      POOL("a", "<uuid>11111111-1111-1111-1111-"
					"111111111111</uuid><labyrinth:pool>"
					"<labyrinth:backing>thp"
					"</labyrinth:backing><labyrinth:node>3"
					"</labyrinth:node></labyrinth:pool>"),
			      &err),
		0);
	assert_int_equal(def.spec.backing, LAB_BACKING_THP);
	assert_true(def.spec.bound);
	assert_int_equal(def.spec.node, 3);
	assert_int_equal(def.uuid[0], 0x11);
	char *xml = pool_def_write(&def);
	assert_int_equal(pool_def_read(&again, xml, &err), 0);
	assert_memory_equal(&def, &again, sizeof(def));
	free(xml);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_is_defined),
		TEST(what_is_active_is_found_again),
		TEST(a_guest_keeps_its_pool),
		TEST(refuses_what_cannot_be),
		TEST(a_capacity_counts_at_once),
		TEST(starts_with_the_host),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(reads_what_it_writes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
