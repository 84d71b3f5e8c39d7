/* SPDX-License-Identifier: MIT */
/* lease/client_admin: a question to brokers that answer, refuse, lie and go. */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <labyrinth/lease.h>

#include "client-support.h"
#include "lease/client_admin.h"
#include "listen-support.h"

/* A broker that hears one question, and gives the answer that it was given. */
struct broker {
	char dir[32];
	char path[64];
	int listener;
	pthread_t thread;
	struct lab_lease_msg question;
	struct lab_lease_msg answer; /* type 0: hang up instead */
	int file;		     /* to go with it, or -1 */
};

static void *serve(void *context)
{
	struct broker *self = context;
	int client = accept(self->listener, NULL, NULL);

	fd_receive(client, &self->question, sizeof(self->question), NULL, 0);
	if (self->answer.type != 0)
		fd_send(client, &self->answer, sizeof(self->answer), self->file,
			0);
	close(client);
	return NULL;
}

static void begin(struct broker *self, enum lab_lease_type type, int file)
{
	*self = (struct broker){.dir = "/tmp/labyrinth-XXXXXX",
				.file = file,
				.answer = answer(type, 1)};
	assert_non_null(mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/sock", self->dir);
	self->listener = listen_at(self->path);
}

static void end(struct broker *self)
{
	close(self->listener);
	unlink(self->path);
	assert_int_equal(rmdir(self->dir), 0);
}

/* Ask it to take 3 leases from ada. */
static int take(struct broker *self, struct client_taken *taken,
		struct err *err)
{
	pthread_create(&self->thread, NULL, serve, self);
	int r = client_revoke(self->path, "ada", 3, 250, taken, err);
	pthread_join(self->thread, NULL);
	return r;
}

static int audit(struct broker *self, int *fd, struct err *err)
{
	pid_t pid = 0;

	pthread_create(&self->thread, NULL, serve, self);
	int r = client_audit(self->path, fd, &pid, err);
	pthread_join(self->thread, NULL);
	assert_int_equal(pid, getpid());
	return r;
}

static void says_how_many_were_taken(void **state)
{
	struct broker broker;
	struct client_taken taken;
	struct err err;

	(void)state;
	begin(&broker, LAB_LEASE_TAKEN, -1);
	broker.answer.taken.leases = 2;
	broker.answer.taken.given = 1;
	assert_int_equal(take(&broker, &taken, &err), 0);
	assert_int_equal(taken.leases, 2);
	assert_int_equal(taken.given, 1);
	assert_int_equal(broker.question.type, LAB_LEASE_REVOKE);
	assert_int_equal(broker.question.revoke.leases, 3);
	assert_int_equal(broker.question.revoke.grace_ms, 250);
	assert_string_equal(broker.question.revoke.name, "ada");
	end(&broker);
}

static void hands_the_ledger_over(void **state)
{
	struct broker broker;
	struct err err;
	int ends[2], fd;
	char c = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	begin(&broker, LAB_LEASE_AUDITED, ends[0]);
	assert_int_equal(audit(&broker, &fd, &err), 0);
	assert_int_equal(broker.question.type, LAB_LEASE_AUDIT);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	end(&broker);
}

/* In the broker's words, of which none reaches a terminal as a control. */
static void says_why_it_was_refused(void **state)
{
	struct broker broker;
	struct client_taken taken;
	struct err err;

	(void)state;
	begin(&broker, LAB_LEASE_REFUSED, -1);
	broker.answer.refused.error = ENOENT;
	strcpy(broker.answer.refused.text, "there is \033none");
	assert_int_equal(take(&broker, &taken, &err), -ENOENT);
	assert_string_equal(err.text, "the broker refuses: there is ?none");
	end(&broker);
}

static void believes_no_other_answer(void **state)
{
	static const struct {
		enum lab_lease_type type; /* 0: none */
		bool file;
		int revoke, audit;
	} rows[] = {
		{0, false, -EPIPE, -EPIPE},
		{LAB_LEASE_LEASED, false, -EPROTO, -EPROTO},
		{LAB_LEASE_TAKEN, true, -EPROTO, -EPROTO},
		{LAB_LEASE_AUDITED, false, -EPROTO, -EPROTO},
		/* without a reason */
		{LAB_LEASE_REFUSED, false, -EPROTO, -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct broker broker;
		struct client_taken taken;
		struct err err;
		int fd;

		begin(&broker, rows[i].type, rows[i].file ? STDERR_FILENO : -1);
		if (take(&broker, &taken, &err) != rows[i].revoke ||
		    audit(&broker, &fd, &err) != rows[i].audit || fd != -1)
			fail_msg("row %zu: %s", i, err.text);
		end(&broker);
	}
}

static void believes_no_more_than_all(void **state)
{
	struct broker broker;
	struct client_taken taken;
	struct err err;

	(void)state;
	begin(&broker, LAB_LEASE_TAKEN, -1);
	broker.answer.taken.leases = 2;
	broker.answer.taken.given = 3;
	assert_int_equal(take(&broker, &taken, &err), -EPROTO);
	end(&broker);
}

/* A broker that does not know the question does not say so. */
static void guesses_why_it_hung_up(void **state)
{
	struct broker broker;
	struct client_taken taken;
	struct err err;

	(void)state;
	begin(&broker, 0, -1);
	assert_int_equal(take(&broker, &taken, &err), -EPIPE);
	assert_non_null(strstr(err.text, "is it older"));
	end(&broker);
}

static void no_guest_has_such_a_name(void **state)
{
	char name[LAB_NAME_MAX + 1];
	struct client_taken taken;
	struct err err;

	(void)state;
	memset(name, 'a', LAB_NAME_MAX);
	name[LAB_NAME_MAX] = '\0';
	/* Nobody is asked. */
	assert_int_equal(client_revoke("/", name, 1, 0, &taken, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_how_many_were_taken),
		cmocka_unit_test(hands_the_ledger_over),
		cmocka_unit_test(says_why_it_was_refused),
		cmocka_unit_test(believes_no_other_answer),
		cmocka_unit_test(believes_no_more_than_all),
		cmocka_unit_test(guesses_why_it_hung_up),
		cmocka_unit_test(no_guest_has_such_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
