/* SPDX-License-Identifier: MIT */
/*
 * Calls that act, against a doer that notes what it was asked: which may be
 * asked by whom, what they come to, and answers that take a while.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "rpc-ask.h"
#include "rpc-peer.h"

/* What was asked last, and what the doer says to it. */
static char asked[256];
static int answer;
static struct act_wait *waiting;
static int forgotten;

static int say(struct err *err)
{
	return answer < 0 ? err_say(err, -answer, "the doer says no") : 0;
}

static int destroy(void *context, uint32_t id, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "destroy %u", id);
	return say(err);
}

static int ask_to_end(void *context, uint32_t id, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "shutdown %u", id);
	return say(err);
}

static int set_limit(void *context, uint32_t id, uint64_t leases,
		     struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "limit %u %d;", id, (int)leases);
	return say(err);
}

static int keep_limit(void *context, const struct act_domain *domain,
		      uint64_t limit, struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "keep %s %d;", domain->name, (int)limit);
	return say(err);
}

static int keep_maximum(void *context, const struct act_domain *domain,
			uint64_t maximum, struct err *err)
{
	(void)context;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked),
		 "maximum %s %d;", domain->name, (int)maximum);
	return say(err);
}

/* One that runs, alpha, and one that does not. */
static struct act_domain domains[] = {
	{.name = "alpha",
	 .uuid = "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7"
		 "\xa8\xa9\xaa\xab\xac\xad\xae\xaf",
	 .defined = true,
	 .autostart = true,
	 .cpus = 2,
	 .maximum = 64,
	 .limit = 32,
	 .kernel = "/k"},
	{.name = "gamma",
	 .uuid = "\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7"
		 "\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf",
	 .defined = true,
	 .cpus = 3,
	 .maximum = 16,
	 .limit = 8,
	 .kernel = "/k"},
};

static const struct act_domain *next(void *context,
				     const struct act_domain *after)
{
	(void)context;
	if (after == NULL)
		return &domains[0];
	return after == &domains[0] ? &domains[1] : NULL;
}

static char *xml(void *context, const struct act_domain *domain)
{
	char text[128];

	(void)context;
	snprintf(text, sizeof(text), "<inactive>%s</inactive>", domain->name);
	return strdup(text);
}

static int define(void *context, const char *text, uint8_t uuid[16],
		  struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "define %s", text);
	memcpy(uuid, domains[1].uuid, 16);
	return say(err);
}

static int undefine(void *context, const struct act_domain *domain,
		    struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "undefine %s", domain->name);
	return say(err);
}

static int autostart(void *context, const struct act_domain *domain, bool on,
		     struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "autostart %s %d", domain->name, on);
	return say(err);
}

static int start(void *context, const struct act_domain *domain,
		 struct act_wait *wait, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "start %s", domain->name);
	waiting = wait;
	wait->run = &waiting;
	return say(err);
}

static int create(void *context, const char *text, uint8_t uuid[16],
		  struct act_wait *wait, struct err *err)
{
	(void)context;
	snprintf(asked, sizeof(asked), "create %s", text);
	memcpy(uuid, domains[1].uuid, 16);
	waiting = wait;
	wait->run = &waiting;
	return say(err);
}

static void forget(void *context, struct act_wait *wait)
{
	(void)context;
	wait->run = NULL;
	forgotten++;
}

static const struct act_source acts = {
	.destroy = destroy,
	.shutdown = ask_to_end,
	.set_limit = set_limit,
	.keep_limit = keep_limit,
	.keep_maximum = keep_maximum,
	.next = next,
	.xml = xml,
	.define = define,
	.undefine = undefine,
	.autostart = autostart,
	.start = start,
	.create = create,
	.forget = forget,
};

static rmt_dom dom_of(int i)
{
	rmt_dom dom = {.name = domains[i].name, .id = -1};

	memcpy(dom.uuid, domains[i].uuid, 16);
	return dom;
}

static int setup(void **state)
{
	(void)state;
	asked[0] = '\0';
	answer = 0;
	waiting = NULL;
	forgotten = 0;
	return 0;
}

/* A session that may act. */
static struct rpc_session actor(void)
{
	return (struct rpc_session){.opened = true, .acts = &acts};
}

static void acts_by_its_id(void **state)
{
	struct rpc_session session = actor();
	rmt_dom dom = dom_of(0);
	rmt_dom_flags graceful = {.dom = dom, .flags = 1};

	(void)state;
	packet_call(&packet, RMT_DOMAIN_DESTROY, 1, CODEC(rmt_dom), &dom);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "destroy 1");
	packet_call(&packet, RMT_DOMAIN_SHUTDOWN, 1, CODEC(rmt_dom), &dom);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "shutdown 1");
	packet_call(&packet, RMT_DOMAIN_DESTROY_FLAGS, 1, CODEC(rmt_dom_flags),
		    &graceful);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "shutdown 1");
	/* gamma does not run. */
	dom = dom_of(1);
	packet_call(&packet, RMT_DOMAIN_DESTROY, 1, CODEC(rmt_dom), &dom);
	assert_int_equal(error_of(&session), VIR_ERR_NO_DOMAIN);
}

/* Each of them on a connection that may look only, and where nobody acts. */
static void is_for_those_who_may(void **state)
{
	struct rpc_session reader = actor(), alone = {.opened = true};
	rmt_dom dom = dom_of(1);
	rmt_dom_flags flags = {.dom = dom};
	rmt_dom_int value = {.dom = dom, .value = 1};
	rmt_dom_memory memory = {.dom = dom, .memory = 8192};
	rmt_dom_memory_flags memory_flags = {.dom = dom, .memory = 8192};
	char text[] = "<x/>";
	char *text_of = text;
	rmt_xml_flags with = {.xml = text};
	const struct {
		int procedure;
		xdrproc_t codec;
		void *arguments;
	} calls[] = {
		{RMT_DOMAIN_CREATE, CODEC(rmt_dom), &dom},
		{RMT_DOMAIN_CREATE_XML, CODEC(rmt_xml_flags), &with},
		{RMT_DOMAIN_DEFINE_XML, CODEC(rmt_xml), &text_of},
		{RMT_DOMAIN_DESTROY, CODEC(rmt_dom), &dom},
		{RMT_DOMAIN_SET_AUTOSTART, CODEC(rmt_dom_int), &value},
		{RMT_DOMAIN_SET_MAX_MEMORY, CODEC(rmt_dom_memory), &memory},
		{RMT_DOMAIN_SET_MEMORY, CODEC(rmt_dom_memory), &memory},
		{RMT_DOMAIN_SET_MEMORY_FLAGS, CODEC(rmt_dom_memory_flags),
		 &memory_flags},
		{RMT_DOMAIN_SHUTDOWN, CODEC(rmt_dom), &dom},
		{RMT_DOMAIN_UNDEFINE, CODEC(rmt_dom), &dom},
		{RMT_DOMAIN_CREATE_FLAGS, CODEC(rmt_dom_flags), &flags},
		{RMT_DOMAIN_UNDEFINE_FLAGS, CODEC(rmt_dom_flags), &flags},
		{RMT_DOMAIN_DESTROY_FLAGS, CODEC(rmt_dom_flags), &flags},
		{RMT_DOMAIN_SHUTDOWN_FLAGS, CODEC(rmt_dom_flags), &flags},
		{RMT_DOMAIN_DEFINE_XML_FLAGS, CODEC(rmt_xml_flags), &with},
	};

	(void)state;
	reader.readonly = true;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		packet_call(&packet, calls[i].procedure, 1, calls[i].codec,
			    calls[i].arguments);
		assert_int_equal(error_of(&reader), VIR_ERR_OPERATION_DENIED);
		assert_int_equal(error_of(&alone), VIR_ERR_NO_SUPPORT);
	}
	assert_string_equal(asked, "");
}

static void defines_and_undefines(void **state)
{
	struct rpc_session session = actor();
	rmt_dom gamma = dom_of(1);
	rmt_dom_int value = {.dom = gamma, .value = 7};
	char text[] = "<x/>";
	char *text_of = text;

	(void)state;
	packet_call(&packet, RMT_DOMAIN_DEFINE_XML, 1, CODEC(rmt_xml),
		    &text_of);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "define <x/>");
	answer = -ENOTSUP;
	assert_int_equal(error_of(&session), VIR_ERR_CONFIG_UNSUPPORTED);
	answer = -EBADMSG;
	assert_int_equal(error_of(&session), VIR_ERR_XML_ERROR);
	answer = -EEXIST;
	assert_int_equal(error_of(&session), VIR_ERR_DOM_EXIST);
	answer = 0;
	packet_call(&packet, RMT_DOMAIN_SET_AUTOSTART, 1, CODEC(rmt_dom_int),
		    &value);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "autostart gamma 1");
	packet_call(&packet, RMT_DOMAIN_UNDEFINE, 1, CODEC(rmt_dom), &gamma);
	assert_int_equal(error_of(&session), 0);
	assert_string_equal(asked, "undefine gamma");
}

static void moves_limits(void **state)
{
	const struct {
		int domain;
		unsigned kib;
		unsigned flags;
		int code;
		const char *asked;
	} cases[] = {
		{0, 8192, 0, 0, "limit 1 4;"},
		{1, 8193, 0, 0, "keep gamma 5;"}, /* rounded up */
		{0, 8192, VIR_DOMAIN_AFFECT_LIVE, 0, "limit 1 4;"},
		{0, 8192, VIR_DOMAIN_AFFECT_CONFIG, 0, "keep alpha 4;"},
		{0, 8192, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG, 0,
		 "keep alpha 4;limit 1 4;"},
		{1, 8192, VIR_DOMAIN_AFFECT_LIVE, VIR_ERR_OPERATION_INVALID,
		 ""},
		{0, 8192, VIR_DOMAIN_MEM_MAXIMUM, 0, "maximum alpha 4;"},
		{0, 8192, VIR_DOMAIN_MEM_MAXIMUM | VIR_DOMAIN_AFFECT_LIVE,
		 VIR_ERR_OPERATION_INVALID, ""},
		{0, 8192, 8, VIR_ERR_INVALID_ARG, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_session session = actor();
		rmt_dom_memory_flags args = {.dom = dom_of(cases[i].domain),
					     .memory = cases[i].kib,
					     .flags = cases[i].flags};
		asked[0] = '\0';
		packet_call(&packet, RMT_DOMAIN_SET_MEMORY_FLAGS, 1,
			    CODEC(rmt_dom_memory_flags), &args);
		assert_int_equal(error_of(&session), cases[i].code);
		assert_string_equal(asked, cases[i].asked);
	}
}

static void a_definition_is_seen(void **state)
{
	struct rpc_session session = actor();
	rmt_list_args all = {.need_results = 1};
	rmt_dom_flags inactive = {.dom = dom_of(0),
				  .flags = VIR_DOMAIN_XML_INACTIVE};
	const struct {
		unsigned filter;
		unsigned count;
	} filters[] = {
		{0, 3},
		{VIR_CONNECT_LIST_DOMAINS_ACTIVE, 2},
		{VIR_CONNECT_LIST_DOMAINS_INACTIVE, 1},
		{VIR_CONNECT_LIST_DOMAINS_PERSISTENT, 2},
		{VIR_CONNECT_LIST_DOMAINS_TRANSIENT, 1},
		{VIR_CONNECT_LIST_DOMAINS_AUTOSTART, 1},
		{VIR_CONNECT_LIST_DOMAINS_SHUTOFF, 1},
		{VIR_CONNECT_LIST_DOMAINS_RUNNING |
			 VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
		 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		rmt_doms doms = {0};
		all.flags = filters[i].filter;
		packet_call(&packet, RMT_CONNECT_LIST_ALL_DOMAINS, 1,
			    CODEC(rmt_list_args), &all);
		struct reply reply = ask(&session);
		packet_decode(reply.bytes, reply.length, CODEC(rmt_doms),
			      &doms);
		free(reply.bytes);
		if (i == 7) /* of the running, beta alone */
			assert_int_equal(doms.ret, 1);
		assert_int_equal(doms.ret, filters[i].count);
		assert_int_equal(doms.items.items_len, filters[i].count);
		xdr_free(CODEC(rmt_doms), &doms);
	}
	char *text = NULL;
	packet_call(&packet, RMT_DOMAIN_GET_XML, 1, CODEC(rmt_dom_flags),
		    &inactive);
	struct reply reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_text), &text);
	assert_string_equal(text, "<inactive>alpha</inactive>");
	free(reply.bytes);
	free(text);
}

static void what_does_not_run_has_an_answer(void **state)
{
	struct rpc_session session = actor();
	rmt_dom gamma = dom_of(1);
	rmt_dom_info info = {0};

	(void)state;
	packet_call(&packet, RMT_DOMAIN_GET_INFO, 1, CODEC(rmt_dom), &gamma);
	struct reply reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_dom_info), &info);
	free(reply.bytes);
	assert_int_equal(info.state, VIR_DOMAIN_SHUTOFF);
	assert_int_equal(info.max_memory, 16 * 2048);
	assert_int_equal(info.memory, 8 * 2048);
	assert_int_equal(info.vcpus, 3);
}

/* Over a socket: the answer comes when it does, and is the call's own. */

static int connect_actor(struct peers *peers)
{
	peers_start(peers);
	rpc_server_act(peers->server, &acts);
	return peer_open(peers, RPC_SOCKET_RW);
}

static void ask_to_start(struct peers *peers, int fd)
{
	rmt_dom gamma = dom_of(1);

	packet_call(&packet, RMT_DOMAIN_CREATE, 9, CODEC(rmt_dom), &gamma);
	peer_send(peers, fd, packet.bytes, packet.header.length);
	assert_string_equal(asked, "start gamma");
	assert_non_null(waiting);
	assert_true(peer_is_quiet(fd));
}

static void finish(struct peers *peers, int r)
{
	struct err err;

	err_say(&err, EIO, "it did not start");
	waiting->run = NULL;
	waiting->done(waiting, r, &err);
	peers_turn(peers);
}

static void an_answer_takes_its_time(void **state)
{
	struct peers peers;
	const uint8_t *bytes;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	finish(&peers, 0);
	size_t length = peer_read(fd, &bytes);
	assert_int_equal(packet_error(bytes, length), 0);
	/* And once more on the same connection, where it fails. */
	ask_to_start(&peers, fd);
	finish(&peers, -EIO);
	length = peer_read(fd, &bytes);
	assert_int_equal(packet_error(bytes, length), VIR_ERR_OPERATION_FAILED);
	peer_expect_service(&peers, fd);
	close(fd);
	peers_turn(&peers);
	assert_int_equal(forgotten, 0);
	peers_stop(&peers);
}

static void calls_wait_for_the_one_before(void **state)
{
	struct peers peers;
	const uint8_t *bytes;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	packet_call(&packet, RMT_CONNECT_GET_TYPE, 10, NULL, NULL);
	peer_send(&peers, fd, packet.bytes, packet.header.length);
	assert_true(peer_is_quiet(fd));
	finish(&peers, 0);
	peer_read(fd, &bytes);
	peer_read(fd, &bytes);
	close(fd);
	peers_turn(&peers);
	peers_stop(&peers);
}

static void who_goes_is_waited_for_no_more(void **state)
{
	struct peers peers;

	(void)state;
	int fd = connect_actor(&peers);
	ask_to_start(&peers, fd);
	close(fd);
	peers_turn(&peers);
	assert_int_equal(forgotten, 1);
	/* As well when it is the server that goes. */
	fd = peer_open(&peers, RPC_SOCKET_RW);
	ask_to_start(&peers, fd);
	peers_stop(&peers);
	assert_int_equal(forgotten, 2);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(acts_by_its_id, setup),
		cmocka_unit_test_setup(is_for_those_who_may, setup),
		cmocka_unit_test_setup(defines_and_undefines, setup),
		cmocka_unit_test_setup(moves_limits, setup),
		cmocka_unit_test_setup(a_definition_is_seen, setup),
		cmocka_unit_test_setup(what_does_not_run_has_an_answer, setup),
		cmocka_unit_test_setup(an_answer_takes_its_time, setup),
		cmocka_unit_test_setup(calls_wait_for_the_one_before, setup),
		cmocka_unit_test_setup(who_goes_is_waited_for_no_more, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
