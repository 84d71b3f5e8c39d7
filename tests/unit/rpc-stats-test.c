/* SPDX-License-Identifier: MIT */
/* Numbers: never more of them than were asked for, and of whom. */
#include <config.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "rpc-ask.h"
#include "rpc/host.h"

static u_int memory_stats(unsigned max)
{
	rmt_dom_max args = {.dom = alpha(), .max = max};
	rmt_memory_stats stats = {0};

	result_of(RMT_DOMAIN_MEMORY_STATS, CODEC(rmt_dom_max), &args,
		  CODEC(rmt_memory_stats), &stats);
	u_int count = stats.items.items_len;
	if (count > 0)
		assert_int_equal(stats.items.items_val[0].value, 12 * 2048);
	xdr_free(CODEC(rmt_memory_stats), &stats);
	return count;
}

static void memory_stats_are_no_more_than_asked(void **state)
{
	(void)state;
	assert_int_equal(memory_stats(13), 5);
	assert_int_equal(memory_stats(2), 2);
	assert_int_equal(memory_stats(0), 0);
}

static u_int memory_params(int wanted, int *there)
{
	rmt_dom_number args = {.dom = alpha(), .number = wanted};
	rmt_params params = {0};

	result_of(RMT_DOMAIN_GET_MEMORY_PARAMS, CODEC(rmt_dom_number), &args,
		  CODEC(rmt_params), &params);
	u_int count = params.items.items_len;
	*there = params.nparams;
	xdr_free(CODEC(rmt_params), &params);
	return count;
}

static void memory_params_are_no_more_than_asked(void **state)
{
	int there;

	(void)state;
	assert_int_equal(memory_params(0, &there), 0);
	assert_int_equal(there, 2);
	assert_int_equal(memory_params(1, &there), 1);
	assert_int_equal(there, 1);
	assert_int_equal(memory_params(16, &there), 2);
	assert_int_equal(memory_params(-1, &there), 0);
}

static u_int cpu_stats(int wanted, int *there)
{
	rmt_node_stats_args args = {.which = -1, .nparams = wanted};
	rmt_node_stats stats = {0};

	result_of(RMT_NODE_GET_CPU_STATS, CODEC(rmt_node_stats_args), &args,
		  CODEC(rmt_node_stats), &stats);
	u_int count = stats.items.items_len;
	*there = stats.nparams;
	xdr_free(CODEC(rmt_node_stats), &stats);
	return count;
}

static void node_stats_are_no_more_than_asked(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_node_stats_args args = {.which = -1, .nparams = -1};
	int there;

	(void)state;
	assert_int_equal(cpu_stats(0, &there), 0);
	assert_int_equal(there, 4);
	assert_int_equal(cpu_stats(3, &there), 3);
	assert_int_equal(there, 3);
	assert_int_equal(cpu_stats(INT32_MAX, &there), 4);
	packet_call(&packet, RMT_NODE_GET_CPU_STATS, 1,
		    CODEC(rmt_node_stats_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
}

static void vcpus_are_no_more_than_asked(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_vcpus_args args = {.dom = alpha(), .maxinfo = 3, .maplen = 1};
	rmt_vcpus vcpus = {0};

	(void)state;
	result_of(RMT_DOMAIN_GET_VCPUS, CODEC(rmt_vcpus_args), &args,
		  CODEC(rmt_vcpus), &vcpus);
	assert_int_equal(vcpus.items.items_len, 3);
	assert_int_equal(vcpus.maps.maps_len, 3);
	assert_int_equal(vcpus.items.items_val[2].cpu,
			 VIR_VCPU_INFO_CPU_UNAVAILABLE);
	xdr_free(CODEC(rmt_vcpus), &vcpus);
	memset(&vcpus, 0, sizeof(vcpus));
	args.maxinfo = INT32_MAX;
	args.maplen = RMT_MAP_MAX;
	result_of(RMT_DOMAIN_GET_VCPUS, CODEC(rmt_vcpus_args), &args,
		  CODEC(rmt_vcpus), &vcpus);
	assert_int_equal(vcpus.items.items_len, 4);
	assert_int_equal(vcpus.maps.maps_len, 4 * RMT_MAP_MAX);
	xdr_free(CODEC(rmt_vcpus), &vcpus);
	for (int i = 0; i < 3; i++) {
		args.maxinfo = i == 0 ? -1 : 1;
		args.maplen = i == 1 ? -1 : RMT_MAP_MAX + (i == 2);
		packet_call(&packet, RMT_DOMAIN_GET_VCPUS, 1,
			    CODEC(rmt_vcpus_args), &args);
		assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
	}
}

/* A thread that has a name, until it is let go. */
struct named {
	const char *name;
	pthread_t thread;
	pthread_barrier_t *named, *over;
};

static void *stay(void *context)
{
	struct named *self = context;

	pthread_setname_np(pthread_self(), self->name);
	pthread_barrier_wait(self->named);
	pthread_barrier_wait(self->over);
	return NULL;
}

static void a_processor_s_thread_is_told_by_its_name(void **state)
{
	struct named threads[] = {{.name = "vcpu 2"},  {.name = "vcpu 3x"},
				  {.name = "a) vcpu"}, {.name = "vcpu 0"},
				  {.name = "vcpu 4"},  {.name = "vcpu 1"}};
	const unsigned int count = sizeof(threads) / sizeof(threads[0]);
	struct host_thread vcpus[4];
	pthread_barrier_t named, over;

	(void)state;
	pthread_barrier_init(&named, NULL, count + 1);
	pthread_barrier_init(&over, NULL, count + 1);
	for (unsigned int i = 0; i < count; i++) {
		threads[i].named = &named;
		threads[i].over = &over;
		pthread_create(&threads[i].thread, NULL, stay, &threads[i]);
	}
	pthread_barrier_wait(&named);
	host_threads(getpid(), vcpus, 4);
	pthread_barrier_wait(&over);
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i].thread, NULL);
	for (int i = 0; i < 3; i++)
		assert_true(vcpus[i].cpu >= 0 &&
			    vcpus[i].cpu < sysconf(_SC_NPROCESSORS_CONF));
	assert_int_equal(vcpus[3].cpu, -1);
	/* Of a process that is gone nothing is known. */
	host_threads(1 << 23, vcpus, 4);
	assert_int_equal(vcpus[0].cpu, -1);
}

/* Who is in the answer to a question about these, in order of it. */
static u_int records(rmt_dom *doms, u_int count, char names[][16])
{
	rmt_stats_args args = {.doms = {count, doms},
			       .stats = VIR_DOMAIN_STATS_STATE};
	rmt_all_stats stats = {0};

	result_of(RMT_CONNECT_GET_ALL_STATS, CODEC(rmt_stats_args), &args,
		  CODEC(rmt_all_stats), &stats);
	u_int found = stats.records.records_len;
	for (u_int i = 0; i < found; i++) {
		rmt_dom_stats *record = &stats.records.records_val[i];
		snprintf(names[i], sizeof(names[i]), "%s", record->dom.name);
		assert_int_equal(record->items.items_len, 2);
	}
	xdr_free(CODEC(rmt_all_stats), &stats);
	return found;
}

static void who_is_named_is_meant_and_who_is_gone_is_left_out(void **state)
{
	rmt_dom beta = alpha(), gone = alpha();
	char names[8][16];

	(void)state;
	for (int i = 0; i < 16; i++)
		beta.uuid[i] = (char)(0xb0 + i);
	gone.uuid[15] = 0;
	rmt_dom wanted[] = {beta, gone, alpha(), beta};
	assert_int_equal(records(wanted, 4, names), 3);
	assert_string_equal(names[0], "beta <&> two");
	assert_string_equal(names[1], "alpha");
	assert_string_equal(names[2], "beta <&> two");
	assert_int_equal(records(&gone, 1, names), 0);
	assert_int_equal(records(NULL, 0, names), 2);
}

static void as_many_as_a_list_holds_in_one_answer(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_stats_args args = {.stats = VIR_DOMAIN_STATS_BALLOON};
	rmt_all_stats stats = {0};

	(void)state;
	rpc_view_guests = RMT_LIST_MAX;
	result_of(RMT_CONNECT_GET_ALL_STATS, CODEC(rmt_stats_args), &args,
		  CODEC(rmt_all_stats), &stats);
	assert_int_equal(stats.records.records_len, RMT_LIST_MAX);
	xdr_free(CODEC(rmt_all_stats), &stats);
	rpc_view_guests = RMT_LIST_MAX + 1;
	packet_call(&packet, RMT_CONNECT_GET_ALL_STATS, 1,
		    CODEC(rmt_stats_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_RPC);
	rpc_view_guests = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_stats_are_no_more_than_asked),
		cmocka_unit_test(memory_params_are_no_more_than_asked),
		cmocka_unit_test(node_stats_are_no_more_than_asked),
		cmocka_unit_test(vcpus_are_no_more_than_asked),
		cmocka_unit_test(a_processor_s_thread_is_told_by_its_name),
		cmocka_unit_test(
			who_is_named_is_meant_and_who_is_gone_is_left_out),
		cmocka_unit_test(as_many_as_a_list_holds_in_one_answer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
