/* SPDX-License-Identifier: MIT */
/* The table and its procedures, without a socket. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "rpc-ask.h"
#include "rpc/host.h"

static void repeats_the_call_in_its_header(void **state)
{
	struct rpc_session session = {.opened = true};
	struct virnet_header header;

	(void)state;
	packet_call(&packet, RMT_CONNECT_NUM_DOMAINS, 77, NULL, NULL);
	struct reply reply = ask(&session);
	assert_int_equal(virnet_decode(reply.bytes, 1 << 20, &header), 0);
	assert_int_equal(header.length, reply.length);
	assert_int_equal(header.program, VIRNET_PROGRAM_REMOTE);
	assert_int_equal(header.procedure, RMT_CONNECT_NUM_DOMAINS);
	assert_int_equal(header.serial, 77);
	assert_int_equal(header.type, VIRNET_REPLY);
	free(reply.bytes);
}

static void knows_no_other_procedure(void **state)
{
	struct rpc_session session = {.opened = true};
	static const int numbers[] = {0,   8,	26,	34,	   65, 345,
				      348, 399, 100000, INT32_MIN, -1};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		packet_call(&packet, numbers[i], 1, NULL, NULL);
		assert_int_equal(error_of(&session), VIR_ERR_NO_SUPPORT);
	}
}

static void knows_no_other_program(void **state)
{
	struct rpc_session session = {.opened = true};

	(void)state;
	packet_call(&packet, RMT_CONNECT_GET_TYPE, 1, NULL, NULL);
	packet.header.program = 0x20008087;
	assert_int_equal(error_of(&session), VIR_ERR_NO_SUPPORT);
	packet.header.program = VIRNET_PROGRAM_REMOTE;
	packet.header.version = 2;
	assert_int_equal(error_of(&session), VIR_ERR_NO_SUPPORT);
}

static void answers_little_before_open(void **state)
{
	struct rpc_session session = {0};
	int feature = 10;

	(void)state;
	packet_call(&packet, RMT_AUTH_LIST, 0, NULL, NULL);
	assert_int_equal(error_of(&session), 0);
	packet_call(&packet, RMT_CONNECT_SUPPORTS_FEATURE, 1, CODEC(int),
		    &feature);
	assert_int_equal(error_of(&session), 0);
	assert_true(session.keepalive);
	packet_call(&packet, RMT_CONNECT_GET_HOSTNAME, 2, NULL, NULL);
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
	packet_call(&packet, 12, 2, NULL, NULL);
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
	packet_open(&packet, 3, 0);
	assert_int_equal(error_of(&session), 0);
	assert_true(session.opened);
	packet_call(&packet, RMT_CONNECT_GET_HOSTNAME, 4, NULL, NULL);
	assert_int_equal(error_of(&session), 0);
}

static void opens_once(void **state)
{
	struct rpc_session session = {0};

	(void)state;
	packet_open(&packet, 1, 0);
	assert_int_equal(error_of(&session), 0);
	packet_open(&packet, 2, 0);
	assert_int_equal(error_of(&session), VIR_ERR_OPERATION_INVALID);
}

static int open_as(const char *text)
{
	struct rpc_session session = {0};
	char *uri = (char *)(uintptr_t)text;
	rmt_open_args args = {.name = uri != NULL ? &uri : NULL};

	packet_call(&packet, RMT_CONNECT_OPEN, 0, CODEC(rmt_open_args), &args);
	int code = error_of(&session);
	assert_int_equal(session.opened, code == 0);
	return code;
}

static void opens_its_own_uri_only(void **state)
{
	(void)state;
	assert_int_equal(open_as(NULL), 0);
	assert_int_equal(open_as(""), 0);
	assert_int_equal(open_as("labyrinth:///system"), 0);
	assert_int_equal(open_as("labyrinth:///"), 0);
	assert_int_equal(open_as("Labyrinth:///system?foo=bar"), 0);
	assert_int_equal(open_as("qemu:///system"), VIR_ERR_NO_CONNECT);
	assert_int_equal(open_as("labyrinth:///session"), VIR_ERR_NO_CONNECT);
	assert_int_equal(open_as("labyrinth:///systematic"),
			 VIR_ERR_NO_CONNECT);
	assert_int_equal(open_as("labyrinth"), VIR_ERR_NO_CONNECT);
}

static void read_only_stays_so(void **state)
{
	struct rpc_session by_flag = {0};
	struct rpc_session by_socket = {.readonly = true};
	rmt_pool_flags refresh = {.pool = default_pool()};
	rmt_dom_flags secure = {.dom = alpha(), .flags = 1};

	(void)state;
	packet_open(&packet, 0, VIR_CONNECT_RO);
	assert_int_equal(error_of(&by_flag), 0);
	packet_open(&packet, 0, 0);
	assert_int_equal(error_of(&by_socket), 0);
	assert_true(by_flag.readonly && by_socket.readonly);

	packet_call(&packet, RMT_POOL_REFRESH, 1, CODEC(rmt_pool_flags),
		    &refresh);
	assert_int_equal(error_of(&by_flag), VIR_ERR_OPERATION_DENIED);
	assert_int_equal(error_of(&by_socket), VIR_ERR_OPERATION_DENIED);
	packet_call(&packet, RMT_DOMAIN_GET_XML, 1, CODEC(rmt_dom_flags),
		    &secure);
	assert_int_equal(error_of(&by_flag), VIR_ERR_OPERATION_DENIED);
	secure.flags = 0;
	packet_call(&packet, RMT_DOMAIN_GET_XML, 1, CODEC(rmt_dom_flags),
		    &secure);
	assert_int_equal(error_of(&by_flag), 0);
}

static void refuses_arguments_of_a_wrong_shape(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_pool pool = default_pool();

	(void)state;
	packet_call(&packet, RMT_POOL_GET_INFO, 1, CODEC(rmt_pool), &pool);
	for (uint32_t bytes = packet.header.length; --bytes >= 28;) {
		packet.header.length = bytes;
		assert_int_equal(error_of(&session), VIR_ERR_RPC);
	}
	packet_call(&packet, RMT_POOL_GET_INFO, 1, CODEC(rmt_pool), &pool);
	packet.header.length += 4;
	assert_int_equal(error_of(&session), VIR_ERR_RPC);
	/* A string that claims 4 GiB. */
	packet_call(&packet, RMT_POOL_GET_INFO, 1, CODEC(rmt_pool), &pool);
	memset(packet.bytes + VIRNET_HEADER_BYTES, 0xff, 4);
	assert_int_equal(error_of(&session), VIR_ERR_RPC);
	packet_call(&packet, RMT_CONNECT_GET_TYPE, 1, CODEC(rmt_pool), &pool);
	assert_int_equal(error_of(&session), VIR_ERR_RPC);
}

static unsigned domains_with(unsigned flags)
{
	rmt_list_args args = {.need_results = 1, .flags = flags};
	rmt_doms doms = {0};

	result_of(RMT_CONNECT_LIST_ALL_DOMAINS, CODEC(rmt_list_args), &args,
		  CODEC(rmt_doms), &doms);
	unsigned count = doms.ret;
	assert_int_equal(doms.items.items_len, count);
	xdr_free(CODEC(rmt_doms), &doms);
	return count;
}

static void filters_domains_by_groups(void **state)
{
	(void)state;
	assert_int_equal(domains_with(0), 2);
	assert_int_equal(domains_with(1), 2);
	assert_int_equal(domains_with(2), 0);
	assert_int_equal(domains_with(1 | 2), 2);
	assert_int_equal(domains_with(1 | 4), 0);
	assert_int_equal(domains_with(1 | 8 | 16 | 512 | 2048 | 8192), 2);
	assert_int_equal(domains_with(32 | 64 | 128), 0);
	assert_int_equal(domains_with(16 | 32), 2);
}

static unsigned pools_with(unsigned flags)
{
	rmt_list_args args = {.need_results = 1, .flags = flags};
	rmt_pools pools = {0};

	result_of(RMT_CONNECT_LIST_ALL_POOLS, CODEC(rmt_list_args), &args,
		  CODEC(rmt_pools), &pools);
	unsigned count = pools.ret;
	assert_int_equal(pools.items.items_len, count);
	xdr_free(CODEC(rmt_pools), &pools);
	return count;
}

static void filters_pools_by_groups(void **state)
{
	(void)state;
	assert_int_equal(pools_with(0), 2);
	/* The other way round than for domains. */
	assert_int_equal(pools_with(1), 0);
	assert_int_equal(pools_with(2), 2);
	assert_int_equal(pools_with(4 | 16), 2);
	assert_int_equal(pools_with(8), 0);
	assert_int_equal(pools_with(32), 0);
	for (unsigned type = 64; type <= 524288; type <<= 1)
		assert_int_equal(pools_with(type), 0);
}

static void refuses_unknown_filters(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_list_args args = {.need_results = 1, .flags = 1u << 30};

	(void)state;
	packet_call(&packet, RMT_CONNECT_LIST_ALL_DOMAINS, 1,
		    CODEC(rmt_list_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
	packet_call(&packet, RMT_CONNECT_LIST_ALL_POOLS, 1,
		    CODEC(rmt_list_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_INVALID_ARG);
}

static void counts_without_results(void **state)
{
	rmt_list_args args = {0};
	rmt_doms doms = {0};

	(void)state;
	result_of(RMT_CONNECT_LIST_ALL_DOMAINS, CODEC(rmt_list_args), &args,
		  CODEC(rmt_doms), &doms);
	assert_int_equal(doms.ret, 2);
	assert_int_equal(doms.items.items_len, 0);
	xdr_free(CODEC(rmt_doms), &doms);
}

static void never_returns_more_than_asked(void **state)
{
	int most = 1;
	rmt_ints ids = {0};
	rmt_names names = {0};
	rmt_pool_max volumes = {.pool = default_pool(), .maxnames = 1};
	u_int sizes[] = {4, 4};
	rmt_pages_args pages = {.start = 0, .cells = 100};
	rmt_counts counts = {0};

	(void)state;
	result_of(RMT_CONNECT_LIST_DOMAINS, CODEC(int), &most, CODEC(rmt_ints),
		  &ids);
	assert_int_equal(ids.values.values_len, 1);
	xdr_free(CODEC(rmt_ints), &ids);
	result_of(RMT_CONNECT_LIST_POOLS, CODEC(int), &most, CODEC(rmt_names),
		  &names);
	assert_int_equal(names.names.names_len, 1);
	xdr_free(CODEC(rmt_names), &names);
	memset(&names, 0, sizeof(names));
	result_of(RMT_POOL_LIST_VOLUMES, CODEC(rmt_pool_max), &volumes,
		  CODEC(rmt_names), &names);
	assert_int_equal(names.names.names_len, 1);
	xdr_free(CODEC(rmt_names), &names);
	pages.sizes.sizes_val = sizes;
	pages.sizes.sizes_len = 2;
	pages.cells = 1;
	result_of(RMT_NODE_GET_FREE_PAGES, CODEC(rmt_pages_args), &pages,
		  CODEC(rmt_counts), &counts);
	assert_int_equal(counts.values.values_len, 2);
	xdr_free(CODEC(rmt_counts), &counts);
	memset(&counts, 0, sizeof(counts));
	pages.cells = 0;
	result_of(RMT_NODE_GET_FREE_PAGES, CODEC(rmt_pages_args), &pages,
		  CODEC(rmt_counts), &counts);
	assert_int_equal(counts.values.values_len, 0);
	xdr_free(CODEC(rmt_counts), &counts);
}

/* The error of allocpages with these; 0 when it does what it says. */
static int alloc_error(struct rpc_session *session, rmt_alloc_args *args)
{
	packet_call(&packet, RMT_NODE_ALLOC_PAGES, 1, CODEC(rmt_alloc_args),
		    args);
	return error_of(session);
}

static void leases_are_allocated_as_pages(void **state)
{
	struct rpc_session session = {.opened = true}, looks = session;
	u_int sizes[] = {2048, 2048};
	u_quad_t counts[] = {140, 1};
	rmt_alloc_args args = {
		.start = -1, .cells = 1, .flags = VIR_NODE_ALLOC_PAGES_SET};
	int done = 0;

	(void)state;
	args.sizes.sizes_val = sizes;
	args.counts.counts_val = counts;
	args.sizes.sizes_len = args.counts.counts_len = 1;
	result_of(RMT_NODE_ALLOC_PAGES, CODEC(rmt_alloc_args), &args,
		  CODEC(int), &done);
	assert_int_equal(done, 1);
	looks.readonly = true;
	assert_int_equal(alloc_error(&looks, &args), VIR_ERR_OPERATION_DENIED);
	args.flags = 2;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	/* Added to what it is to have: that is 140, and 1000 are the most. */
	args.flags = 0;
	counts[0] = 861;
	assert_int_equal(alloc_error(&session, &args),
			 VIR_ERR_OPERATION_FAILED);
	counts[0] = UINT64_MAX; /* no sum that is small again */
	assert_int_equal(alloc_error(&session, &args),
			 VIR_ERR_OPERATION_FAILED);
	counts[0] = 860;
	assert_int_equal(alloc_error(&session, &args), 0);
	args.cells = 2; /* there is one whole host */
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	args.cells = 0;
	args.start = 0;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	args.cells = UINT32_MAX;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	args.start = -1;
	args.cells = 1;
	args.counts.counts_len = 2;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	args.sizes.sizes_len = 2;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
	args.sizes.sizes_len = args.counts.counts_len = 0;
	assert_int_equal(alloc_error(&session, &args), VIR_ERR_INVALID_ARG);
}

static void lists_up_to_the_limit(void **state)
{
	struct rpc_session session = {.opened = true};

	(void)state;
	rpc_view_guests = RMT_LIST_MAX;
	assert_int_equal(domains_with(0), RMT_LIST_MAX);
	rpc_view_guests = RMT_LIST_MAX + 1;
	rmt_list_args args = {.need_results = 1};
	packet_call(&packet, RMT_CONNECT_LIST_ALL_DOMAINS, 1,
		    CODEC(rmt_list_args), &args);
	assert_int_equal(error_of(&session), VIR_ERR_RPC);
	rpc_view_guests = 0;
}

static void a_pool_is_its_ledger(void **state)
{
	rmt_pool pool = default_pool();
	rmt_pool_info info = {0};

	(void)state;
	result_of(RMT_POOL_GET_INFO, CODEC(rmt_pool), &pool,
		  CODEC(rmt_pool_info), &info);
	assert_int_equal(info.state, VIR_STORAGE_POOL_RUNNING);
	assert_int_equal(info.capacity, 128 << 21);
	assert_int_equal(info.allocation, (20 + 2) << 21);
	assert_int_equal(info.available, (100 + 6) << 21);
}

static void a_guest_is_known_by_its_uuid(void **state)
{
	struct rpc_session session = {.opened = true};
	rmt_dom dom = alpha();
	rmt_dom_info info = {0};

	(void)state;
	result_of(RMT_DOMAIN_GET_INFO, CODEC(rmt_dom), &dom,
		  CODEC(rmt_dom_info), &info);
	assert_int_equal(info.state, VIR_DOMAIN_RUNNING);
	assert_int_equal(info.max_memory, 32 * 2048);
	assert_int_equal(info.memory, 12 * 2048);
	assert_int_equal(info.vcpus, 4);
	dom.uuid[0] = 0;
	packet_call(&packet, RMT_DOMAIN_GET_INFO, 1, CODEC(rmt_dom), &dom);
	assert_int_equal(error_of(&session), VIR_ERR_NO_DOMAIN);
}

static void a_guests_cpu_time_is_its_process_s(void **state)
{
	(void)state;
	/* A name that looks like the end of one. */
	assert_int_equal(prctl(PR_SET_NAME, "x) R 9 9 9 (y"), 0);
	while (host_usage(getpid()).user == 0)
		; /* which takes some */
	assert_true(host_usage(getpid()).user < UINT64_C(1000000000000));
	assert_true(host_usage(getpid()).rss_kib > 0);
	assert_int_equal(host_usage(0).user, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_the_call_in_its_header),
		cmocka_unit_test(knows_no_other_procedure),
		cmocka_unit_test(knows_no_other_program),
		cmocka_unit_test(answers_little_before_open),
		cmocka_unit_test(opens_once),
		cmocka_unit_test(opens_its_own_uri_only),
		cmocka_unit_test(read_only_stays_so),
		cmocka_unit_test(refuses_arguments_of_a_wrong_shape),
		cmocka_unit_test(filters_domains_by_groups),
		cmocka_unit_test(filters_pools_by_groups),
		cmocka_unit_test(refuses_unknown_filters),
		cmocka_unit_test(counts_without_results),
		cmocka_unit_test(never_returns_more_than_asked),
		cmocka_unit_test(leases_are_allocated_as_pages),
		cmocka_unit_test(lists_up_to_the_limit),
		cmocka_unit_test(a_pool_is_its_ledger),
		cmocka_unit_test(a_guest_is_known_by_its_uuid),
		cmocka_unit_test(a_guests_cpu_time_is_its_process_s),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
