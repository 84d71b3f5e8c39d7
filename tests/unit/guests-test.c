/* SPDX-License-Identifier: MIT */
/*
 * Guests defined, started and forgotten. The VMM is a script here, which does
 * as its command line says; whether a guest runs is what the registry has.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#include "guests-support.h"

#include <signal.h>

#include "base/cleanup.h"
#include "broker-support.h"
#include "guests/console.h"
#include "guests/guests.h"

static const char script[] =
	"#!/bin/sh\n"
	"for word; do last=$word; done\n"
	"case $last in\n"
	"fail) echo one; echo 'labyrinth: it cannot be'; exit 125;;\n"
	"mute) exit 3;;\n"
	"show) echo \"$@\" >\"$LABYRINTH_OUT\"; ls /proc/self/fd"
	" >>\"$LABYRINTH_OUT\";;\n"
	"esac\n"
	"printf 1 >&3\n"
	"exec 3>&- sleep 1000\n";

struct fixture {
	char folder[64];
	char run[128], state[128];
	sd_event *event;
	struct registry registry;
	struct guests *guests;
	struct act_source act;
};

static struct view *no_view(void *context)
{
	(void)context;
	return NULL;
}

static void ignore(void *context, const struct view_event *event)
{
	(void)context, (void)event;
}

static const struct view_listener nobody = {.tell = ignore};

static void open_guests(struct fixture *f)
{
	const struct guests_terms terms = {
		.event = f->event,
		.registry = &f->registry,
		.source = {.take = no_view},
		.run_dir = f->run,
		.state_dir = f->state,
		.state_required = true,
	};
	struct err err = {.text = ""};

	if (guests_new(&f->guests, &terms, &err) < 0)
		fail_msg("%s", err.text);
	f->act = guests_acts(f->guests);
	f->registry.listener = guests_listener(f->guests, &nobody);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	char path[128];
	struct err err;

	*f = (struct fixture){0};
	*state = f;
	make_folder(f->folder);
	write_file(f->folder, "vmm", script);
	snprintf(path, sizeof(path), "%s/vmm", f->folder);
	chmod(path, 0700);
	setenv("LABYRINTH", path, 1);
	snprintf(path, sizeof(path), "%s/out", f->folder);
	setenv("LABYRINTH_OUT", path, 1);
	snprintf(f->run, sizeof(f->run), "%s/run", f->folder);
	snprintf(f->state, sizeof(f->state), "%s/state", f->folder);
	assert_int_equal(mkdir(f->run, 0700), 0);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(
		registry_add_pool(&f->registry, make_pool("default", 8), &err),
		0);
	open_guests(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int pid;

	guests_free(f->guests);
	registry_clear(&f->registry);
	sd_event_unref(f->event);
	FILE *children = fopen("/proc/thread-self/children", "r");
	assert_non_null(children);
	while (fscanf(children, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	fclose(children);
	remove_folder(f->folder);
	return 0;
}

static const struct act_domain *known(struct fixture *f, const char *name)
{
	const struct act_domain *d = f->act.next(f->act.context, NULL);

	while (d != NULL && strcmp(d->name, name) != 0)
		d = f->act.next(f->act.context, d);
	return d;
}

static int define(struct fixture *f, const char *xml, struct err *err)
{
	uint8_t uuid[16];

	return f->act.define(f->act.context, xml, uuid, err);
}

/* A guest of that name comes to the broker. */
static struct guest *arrive(struct fixture *f, const char *name)
{
	struct lab_lease_msg hello = {
		.hello = {.pool = "default",
			  .memory = 1,
			  .guarantee = 1,
			  .limit = 2,
			  .cpus = 1},
	};
	struct guest *guest;
	struct err err = {.text = ""};

	snprintf(hello.hello.name, sizeof(hello.hello.name), "%s", name);
	if (registry_admit(&f->registry, &hello, getpid(), &guest, &err) < 0)
		fail_msg("%s", err.text);
	return guest;
}

/* What was heard last. */
static struct view_event heard;
static int nheard;

static void hear(void *context, const struct view_event *event)
{
	(void)context;
	heard = *event;
	nheard++;
}

static void tells_of_definitions(void **state)
{
	static const struct view_listener listener = {.tell = hear};
	struct fixture *f = *state;
	struct err err;

	guests_listener(f->guests, &listener);
	nheard = 0;
	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	assert_int_equal(heard.what, VIEW_GUEST_DEFINED);
	assert_false(heard.changed);
	assert_int_equal(heard.id, 0);
	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	assert_true(heard.changed);
	assert_true(define(f, "<domain/>", &err) < 0);
	assert_int_equal(nheard, 2);
	struct guest *guest = arrive(f, "ada");
	assert_int_equal(f->act.undefine(f->act.context, known(f, "ada"), &err),
			 0);
	assert_int_equal(heard.what, VIEW_GUEST_UNDEFINED);
	assert_int_equal(heard.id, guest->id);
}

struct waiting {
	struct act_wait wait; /* first */
	bool done;
	int r;
	struct err err;
};

static void on_done(struct act_wait *wait, int r, const struct err *err)
{
	struct waiting *self = (void *)wait;

	self->done = true;
	self->r = r;
	if (r < 0)
		self->err = *err;
}

/* Turn the loop until a start has ended. */
static void await(struct fixture *f, struct waiting *self)
{
	while (!self->done)
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
	assert_null(self->wait.run);
}

/* Define and start it: what became of that. */
static struct waiting start(struct fixture *f, const char *xml)
{
	struct waiting w = {.wait = {.done = on_done}};
	struct err err = {.text = ""};

	if (define(f, xml, &err) < 0 ||
	    f->act.start(f->act.context, known(f, "ada"), &w.wait, &err) < 0)
		fail_msg("%s", err.text);
	await(f, &w);
	return w;
}

static void keeps_what_is_defined(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(define(f, XML("ada", "<vcpu>3</vcpu>"), &err), 0);
	assert_int_equal(define(f, XML("eve", ""), &err), 0);
	assert_int_equal(
		f->act.autostart(f->act.context, known(f, "ada"), true, &err),
		0);
	guests_free(f->guests);
	open_guests(f);
	const struct act_domain *ada = known(f, "ada");
	assert_non_null(ada);
	assert_true(ada->defined && ada->autostart);
	assert_int_equal(ada->cpus, 3);
	assert_int_equal(ada->maximum, 4);
	assert_false(known(f, "eve")->autostart);
	assert_int_equal(f->act.undefine(f->act.context, ada, &err), 0);
	assert_null(known(f, "ada"));
	guests_free(f->guests);
	open_guests(f);
	assert_null(known(f, "ada"));
	assert_non_null(known(f, "eve"));
}

static void keeps_limits_that_fit(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	const struct act_domain *ada = known(f, "ada");
	assert_int_equal(f->act.keep_maximum(f->act.context, ada, 9, &err), 0);
	assert_int_equal(f->act.keep_limit(f->act.context, ada, 8, &err), 0);
	assert_int_equal(f->act.keep_limit(f->act.context, ada, 10, &err),
			 -ERANGE);
	assert_int_equal(f->act.keep_limit(f->act.context, ada, 1, &err),
			 -ERANGE); /* it is guaranteed 2 */
	assert_int_equal(f->act.keep_maximum(f->act.context, ada, 1, &err),
			 -ERANGE);
	assert_int_equal(f->act.keep_maximum(f->act.context, ada, 7, &err), 0);
	guests_free(f->guests);
	open_guests(f);
	ada = known(f, "ada");
	assert_int_equal(ada->maximum, 7);
	assert_int_equal(ada->limit, 7); /* went down with it */
}

static void passes_over_bad_files(void **state)
{
	struct fixture *f = *state;
	char folder[256];
	struct err err;

	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	guests_free(f->guests);
	snprintf(folder, sizeof(folder), "%s/domains", f->state);
	write_file(folder, "bad.xml", "<domain>");
	write_file(folder, "other.xml", XML("another", ""));
	write_file(folder, "disk.xml",
		   XML("disk", "<devices><disk/></devices>"));
	open_guests(f);
	assert_non_null(known(f, "ada"));
	assert_null(known(f, "bad"));
	assert_null(known(f, "another"));
	assert_null(known(f, "disk"));
}

static void names_and_uuids_are_one_s_own(void **state)
{
	struct fixture *f = *state;
	struct err err;

#define UUID "<uuid>6b1e0a1c-3b54-4e0c-9d0e-0f3f6d2d9a11</uuid>"
	assert_int_equal(define(f, XML("ada", UUID), &err), 0);
	assert_int_equal(define(f, XML("ada", UUID "<vcpu>2</vcpu>"), &err), 0);
	assert_int_equal(known(f, "ada")->cpus, 2);
	assert_int_equal(define(f, XML("ada", ""), &err), -EEXIST);
	assert_text(&err, "another uuid");
	assert_int_equal(define(f, XML("eve", UUID), &err), -EEXIST);
	assert_text(&err, "has this uuid");
}

static void starts_a_process_of_its_own(void **state)
{
	struct fixture *f = *state;
	char path[256], line[512] = "", files[128] = "";

	struct waiting w =
		start(f, XML("ada", "<vcpu>2</vcpu><memtune><min_guarantee>8192"
				    "</min_guarantee></memtune>"));
	assert_int_equal(w.r, 0);
	/* Again, since its name is free: nobody has come to the broker. */
	w = start(f, "<domain type='kvm'><name>ada</name><memory>8192</memory>"
		     "<os><type>hvm</type><kernel>/k</kernel>"
		     "<cmdline> one\n show</cmdline></os></domain>");
	assert_int_equal(w.r, 0);
	snprintf(path, sizeof(path), "%s/out", f->folder);
	FILE *out = fopen(path, "r");
	assert_non_null(out);
	assert_non_null(fgets(line, sizeof(line), out));
	size_t bytes = fread(files, 1, sizeof(files) - 1, out);
	fclose(out);
	snprintf(path, sizeof(path),
		 "run --broker %s/broker.sock --name ada --pool default ",
		 f->run);
	assert_int_equal(strncmp(line, path, strlen(path)), 0);
	assert_string_equal(line + strlen(path),
			    "--memory 4M --guarantee 4M --limit 8M "
			    "--maximum 8M --cpus 1 "
			    "--ready-fd 3 /k one show\n");
	/* Of our files it has none: input, outputs, the pipe, and ls's own. */
	assert_true(bytes > 0);
	assert_string_equal(files, "0\n1\n2\n3\n4\n");
}

static void says_why_it_did_not_start(void **state)
{
	struct fixture *f = *state;

#define FAILING(how)                                                    \
	"<domain type='kvm'><name>ada</name><memory>8192</memory><os>"  \
	"<type>hvm</type><kernel>/k</kernel><cmdline>" how "</cmdline>" \
	"</os></domain>"
	struct waiting w = start(f, FAILING("fail"));
	assert_int_equal(w.r, -EIO);
	assert_string_equal(w.err.text, "labyrinth: it cannot be");
	w = start(f, FAILING("mute"));
	assert_int_equal(w.r, -EIO);
	assert_text(&w.err, "ended with status 3");
	setenv("LABYRINTH", "/nowhere", 1);
	struct err err;
	assert_int_equal(
		f->act.start(f->act.context, known(f, "ada"), NULL, &err),
		-ENOENT);
}

static void starts_once(void **state)
{
	struct fixture *f = *state;
	struct waiting w = {.wait = {.done = on_done}};
	uint8_t uuid[16];
	struct err err;

	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	const struct act_domain *ada = known(f, "ada");
	assert_int_equal(f->act.start(f->act.context, ada, &w.wait, &err), 0);
	assert_int_equal(f->act.start(f->act.context, ada, &w.wait, &err),
			 -EBUSY);
	await(f, &w);
	struct guest *guest = arrive(f, "ada");
	assert_int_equal(f->act.start(f->act.context, ada, &w.wait, &err),
			 -EBUSY);
	assert_int_equal(f->act.create(f->act.context, XML("ada", ""), uuid,
				       &w.wait, &err),
			 -EEXIST);
	registry_dismiss(&f->registry, guest);
}

static void what_is_not_kept_goes_with_its_guest(void **state)
{
	struct fixture *f = *state;
	struct waiting w = {.wait = {.done = on_done}};
	uint8_t uuid[16];
	struct err err;

	assert_int_equal(f->act.create(f->act.context, XML("ada", ""), uuid,
				       &w.wait, &err),
			 0);
	struct guest *guest = arrive(f, "ada");
	await(f, &w);
	assert_int_equal(w.r, 0);
	const struct act_domain *ada = known(f, "ada");
	assert_false(ada->defined);
	assert_memory_equal(ada->uuid, uuid, 16);
	assert_int_equal(f->act.undefine(f->act.context, ada, &err), -EPERM);
	/* Defined meanwhile, then not any more: it still runs. */
	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	assert_int_equal(f->act.undefine(f->act.context, known(f, "ada"), &err),
			 0);
	assert_non_null(known(f, "ada"));
	assert_true(is_there(f->run, "console/ada"));
	registry_dismiss(&f->registry, guest);
	while (sd_event_run(f->event, 0) > 0)
		;
	w = (struct waiting){.wait = {.done = on_done}};
	assert_int_equal(define(f, XML("eve", ""), &err), 0);
	assert_int_equal(
		f->act.start(f->act.context, known(f, "eve"), &w.wait, &err),
		0);
	await(f, &w);
	assert_null(known(f, "ada"));
	assert_false(is_there(f->run, "console/ada"));
}

static void a_start_goes_on_alone(void **state)
{
	struct fixture *f = *state;
	struct waiting w = {.wait = {.done = on_done}};
	struct err err;

	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	assert_int_equal(
		f->act.start(f->act.context, known(f, "ada"), &w.wait, &err),
		0);
	assert_non_null(w.wait.run);
	f->act.forget(f->act.context, &w.wait);
	assert_null(w.wait.run);
	struct waiting other = {.wait = {.done = on_done}};
	assert_int_equal(define(f, XML("eve", ""), &err), 0);
	assert_int_equal(f->act.start(f->act.context, known(f, "eve"),
				      &other.wait, &err),
			 0);
	await(f, &other);
	assert_false(w.done);
}

/* With the host, and not with each daemon of it. */
static void autostarts_once(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(define(f, XML("ada", ""), &err), 0);
	assert_int_equal(
		f->act.autostart(f->act.context, known(f, "ada"), true, &err),
		0);
	guests_autostart(f->guests);
	assert_true(is_there(f->run, "console/ada"));
	guests_free(f->guests);
	open_guests(f); /* which finds no such guest, and its console stale */
	assert_false(is_there(f->run, "console/ada"));
	guests_autostart(f->guests);
	assert_false(is_there(f->run, "console/ada"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_is_defined),
		TEST(keeps_limits_that_fit),
		TEST(passes_over_bad_files),
		TEST(names_and_uuids_are_one_s_own),
		TEST(starts_a_process_of_its_own),
		TEST(says_why_it_did_not_start),
		TEST(starts_once),
		TEST(what_is_not_kept_goes_with_its_guest),
		TEST(a_start_goes_on_alone),
		TEST(autostarts_once),
		TEST(tells_of_definitions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
