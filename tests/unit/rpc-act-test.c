/* SPDX-License-Identifier: MIT */
/* Calls that act: who may make them, and what they come to. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rpc-act-support.h"
#include "rpc-ask.h"

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
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
	dom.uuid[0] = 0;
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
	rmt_console_args console = {.dom = dom};
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
		{RMT_DOMAIN_OPEN_CONSOLE, CODEC(rmt_console_args), &console},
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

static void a_console_is_one_s_own(void **state)
{
	struct rpc_session session = actor();
	rmt_console_args args = {.dom = dom_of(1)};
	char *name = asked;

	(void)state;
	packet_call(&packet, RMT_DOMAIN_OPEN_CONSOLE, 1,
		    CODEC(rmt_console_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
	args.dom = dom_of(0);
	packet_call(&packet, RMT_DOMAIN_OPEN_CONSOLE, 1,
		    CODEC(rmt_console_args), &args);
	assert_int_equal(error_of(&session), 0);
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
	stream_close(&session.stream);
	args.device = &name;
	packet_call(&packet, RMT_DOMAIN_OPEN_CONSOLE, 1,
		    CODEC(rmt_console_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(acts_by_its_id, setup),
		cmocka_unit_test_setup(is_for_those_who_may, setup),
		cmocka_unit_test_setup(defines_and_undefines, setup),
		cmocka_unit_test_setup(moves_limits, setup),
		cmocka_unit_test_setup(a_definition_is_seen, setup),
		cmocka_unit_test_setup(a_console_is_one_s_own, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
