/* SPDX-License-Identifier: MIT */
/* Domains that are off: what each question about one is answered. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rpc-act-support.h"
#include "rpc-ask.h"

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

static void asked_of_one_that_runs_it_is_off(void **state)
{
	struct rpc_session session = actor();
	rmt_dom gamma = dom_of(1), nobody = gamma, plain = gamma;
	rmt_dom_flags flags = {.dom = gamma};
	rmt_dom_max max = {.dom = gamma, .max = 13};
	rmt_vcpus_args vcpus = {.dom = gamma, .maxinfo = 3, .maplen = 1};
	const struct {
		int procedure;
		xdrproc_t codec;
		void *arguments;
		rmt_dom *dom;
	} calls[] = {
		{RMT_DOMAIN_SHUTDOWN, CODEC(rmt_dom), &plain, &plain},
		{RMT_DOMAIN_GET_VCPUS, CODEC(rmt_vcpus_args), &vcpus,
		 &vcpus.dom},
		{RMT_DOMAIN_MEMORY_STATS, CODEC(rmt_dom_max), &max, &max.dom},
		{RMT_DOMAIN_GET_CONTROL_INFO, CODEC(rmt_dom_flags), &flags,
		 &flags.dom},
	};

	(void)state;
	nobody.uuid[0] = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		packet_call(&packet, calls[i].procedure, 1, calls[i].codec,
			    calls[i].arguments);
		assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
		*calls[i].dom = nobody;
		packet_call(&packet, calls[i].procedure, 1, calls[i].codec,
			    calls[i].arguments);
		assert_int_equal(error_of(&session), VIR_ERR_NO_DOMAIN);
	}
	/* But its events may be waited for. */
	rmt_dom_event_args event = {.dom = &gamma};
	packet_call(&packet, RMT_DOMAIN_EVENT_REGISTER, 1,
		    CODEC(rmt_dom_event_args), &event);
	assert_int_equal(error_of(&session), 0);
	event.dom = &nobody;
	packet_call(&packet, RMT_DOMAIN_EVENT_REGISTER, 1,
		    CODEC(rmt_dom_event_args), &event);
	assert_int_equal(error_of(&session), VIR_ERR_NO_DOMAIN);
	events_clear(&session.events);
}

/* Its limit and its guarantee, in leases; or the code of a refusal. */
static int memory_of(int domain, unsigned flags, uint64_t *limit,
		     uint64_t *guarantee)
{
	struct rpc_session session = actor();
	rmt_dom_number args = {
		.dom = dom_of(domain), .number = 2, .flags = flags};
	rmt_params params = {0};

	packet_call(&packet, RMT_DOMAIN_GET_MEMORY_PARAMS, 1,
		    CODEC(rmt_dom_number), &args);
	int code = error_of(&session);
	if (code != 0)
		return code;
	struct reply reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_params), &params);
	free(reply.bytes);
	assert_int_equal(params.items.items_len, 2);
	*limit = params.items.items_val[0].value.rmt_value_u.ul / 2048;
	*guarantee = params.items.items_val[1].value.rmt_value_u.ul / 2048;
	xdr_free(CODEC(rmt_params), &params);
	return 0;
}

static void memory_is_of_the_guest_or_of_what_is_kept(void **state)
{
	const struct {
		int domain;
		unsigned flags;
		int code;
		uint64_t limit, guarantee;
	} cases[] = {
		{0, 0, 0, 32, 8},
		{0, VIR_DOMAIN_AFFECT_LIVE, 0, 32, 8},
		{0, VIR_DOMAIN_AFFECT_CONFIG, 0, 30, 0},
		{1, 0, 0, 8, 4},
		{1, VIR_DOMAIN_AFFECT_CONFIG, 0, 8, 4},
		{1, VIR_DOMAIN_AFFECT_LIVE, VIR_ERR_OPERATION_INVALID, 0, 0},
		{1, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
		 VIR_ERR_INVALID_ARG, 0, 0},
	};

	(void)state;
	domains[0].limit = 30;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t limit = 0, guarantee = 0;
		assert_int_equal(memory_of(cases[i].domain, cases[i].flags,
					   &limit, &guarantee),
				 cases[i].code);
		assert_int_equal(limit, cases[i].limit);
		assert_int_equal(guarantee, cases[i].guarantee);
	}
	domains[0].limit = 32;
}

static void processors_have_the_host_s(void **state)
{
	struct rpc_session session = actor();
	rmt_pins_args args = {.dom = dom_of(1), .count = 2, .maplen = 1};
	rmt_pins pins = {0};

	(void)state;
	packet_call(&packet, RMT_DOMAIN_GET_VCPU_PINS, 1, CODEC(rmt_pins_args),
		    &args);
	struct reply reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_pins), &pins);
	free(reply.bytes);
	assert_int_equal(pins.count, 2); /* never more than asked for */
	assert_int_equal(pins.maps.maps_len, 2);
	assert_int_equal(pins.maps.maps_val[0] & 1, 1);
	xdr_free(CODEC(rmt_pins), &pins);
	args.count = 16;
	packet_call(&packet, RMT_DOMAIN_GET_VCPU_PINS, 1, CODEC(rmt_pins_args),
		    &args);
	reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_pins), &pins);
	free(reply.bytes);
	assert_int_equal(pins.count, 3);
	xdr_free(CODEC(rmt_pins), &pins);
	args.maplen = RMT_MAP_MAX + 1;
	packet_call(&packet, RMT_DOMAIN_GET_VCPU_PINS, 1, CODEC(rmt_pins_args),
		    &args);
	assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
}

static void notes_are_the_owner_s(void **state)
{
	char note[] = "urn:note", own[] = "urn:labyrinth:libvirt:1",
	     other[] = "urn:other";
	const struct {
		int domain, type;
		char *uri;
		const char *text; /* NULL: there is none */
	} cases[] = {
		{1, VIR_DOMAIN_METADATA_DESCRIPTION, NULL, "a third"},
		{1, VIR_DOMAIN_METADATA_TITLE, NULL, NULL},
		{0, VIR_DOMAIN_METADATA_DESCRIPTION, NULL, NULL},
		{0, VIR_DOMAIN_METADATA_ELEMENT, note, "alpha"},
		{1, VIR_DOMAIN_METADATA_ELEMENT, note, "gamma"},
		{1, VIR_DOMAIN_METADATA_ELEMENT, other, NULL},
		{1, VIR_DOMAIN_METADATA_ELEMENT, own, NULL},
		{0, VIR_DOMAIN_METADATA_ELEMENT, own, "<labyrinth:guest "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_session session = actor();
		char *uri = cases[i].uri, *text = NULL;
		rmt_metadata_args args = {.dom = dom_of(cases[i].domain),
					  .type = cases[i].type,
					  .uri = uri != NULL ? &uri : NULL};
		packet_call(&packet, RMT_DOMAIN_GET_METADATA, 1,
			    CODEC(rmt_metadata_args), &args);
		assert_int_equal(
			error_of(&session),
			cases[i].text != NULL ? 0 : VIR_ERR_NO_DOMAIN_METADATA);
		if (cases[i].text == NULL)
			continue;
		struct reply reply = ask(&session);
		packet_decode(reply.bytes, reply.length, CODEC(rmt_text),
			      &text);
		assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
		free(reply.bytes);
		free(text);
	}
}

/* Statistics of these, or of all that pass a filter: whose, as NAME:STATE. */
static const char *stats_of(rmt_dom *doms, u_int count, unsigned filter)
{
	struct rpc_session session = actor();
	rmt_stats_args args = {.doms = {count, doms},
			       .stats = VIR_DOMAIN_STATS_STATE,
			       .flags = filter};
	static char who[128];
	rmt_all_stats stats = {0};

	packet_call(&packet, RMT_CONNECT_GET_ALL_STATS, 1,
		    CODEC(rmt_stats_args), &args);
	struct reply reply = ask(&session);
	packet_decode(reply.bytes, reply.length, CODEC(rmt_all_stats), &stats);
	free(reply.bytes);
	who[0] = '\0';
	for (u_int i = 0; i < stats.records.records_len; i++) {
		rmt_dom_stats *record = &stats.records.records_val[i];
		assert_int_equal(record->items.items_len, 2);
		snprintf(who + strlen(who), sizeof(who) - strlen(who), "%s:%d ",
			 record->dom.name,
			 record->items.items_val[0].value.rmt_value_u.i);
	}
	xdr_free(CODEC(rmt_all_stats), &stats);
	return who;
}

static void statistics_are_of_all_but_for_a_filter(void **state)
{
	rmt_dom both[] = {dom_of(1), dom_of(0)};

	(void)state;
	assert_string_equal(stats_of(NULL, 0, 0),
			    "alpha:1 beta <&> two:1 gamma:5 ");
	assert_string_equal(stats_of(NULL, 0, VIR_CONNECT_LIST_DOMAINS_ACTIVE),
			    "alpha:1 beta <&> two:1 ");
	assert_string_equal(
		stats_of(NULL, 0, VIR_CONNECT_LIST_DOMAINS_INACTIVE),
		"gamma:5 ");
	assert_string_equal(
		stats_of(NULL, 0, VIR_CONNECT_LIST_DOMAINS_PERSISTENT),
		"alpha:1 gamma:5 ");
	assert_string_equal(stats_of(both, 2, 0), "gamma:5 alpha:1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_does_not_run_has_an_answer, setup),
		cmocka_unit_test_setup(asked_of_one_that_runs_it_is_off, setup),
		cmocka_unit_test_setup(
			memory_is_of_the_guest_or_of_what_is_kept, setup),
		cmocka_unit_test_setup(processors_have_the_host_s, setup),
		cmocka_unit_test_setup(notes_are_the_owner_s, setup),
		cmocka_unit_test_setup(statistics_are_of_all_but_for_a_filter,
				       setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
