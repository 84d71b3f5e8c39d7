/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/virnet.h"

#define MAX 4096

/* CONNECT_OPEN, serial 1, as virsh sends it: the wire's own bytes. */
static const uint8_t golden[VIRNET_HEADER_BYTES] = {
	0x00, 0x00, 0x00, 0x3c, 0x20, 0x00, 0x80, 0x86, 0x00, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
};

static void reads_what_virsh_sends(void **state)
{
	struct virnet_header header;

	(void)state;
	assert_int_equal(virnet_decode(golden, MAX, &header), 0);
	assert_int_equal(header.length, 60);
	assert_int_equal(header.program, VIRNET_PROGRAM_REMOTE);
	assert_int_equal(header.version, 1);
	assert_int_equal(header.procedure, 1);
	assert_int_equal(header.type, VIRNET_CALL);
	assert_int_equal(header.serial, 1);
	assert_int_equal(header.status, VIRNET_OK);
}

static void writes_what_it_reads(void **state)
{
	struct virnet_header header;
	uint8_t bytes[VIRNET_HEADER_BYTES];

	(void)state;
	assert_int_equal(virnet_decode(golden, MAX, &header), 0);
	virnet_encode(&header, bytes);
	assert_memory_equal(bytes, golden, sizeof(bytes));
}

static void carries_every_field(void **state)
{
	const struct virnet_header sent = {
		.length = MAX,
		.program = 0xfedcba98,
		.version = 0x80000001,
		.procedure = INT32_MIN + 5,
		.type = VIRNET_STREAM_HOLE,
		.serial = UINT32_MAX,
		.status = VIRNET_CONTINUE,
	};
	struct virnet_header got;
	uint8_t bytes[VIRNET_HEADER_BYTES];

	(void)state;
	virnet_encode(&sent, bytes);
	assert_int_equal(virnet_decode(bytes, MAX, &got), 0);
	assert_int_equal(got.length, sent.length);
	assert_int_equal(got.program, sent.program);
	assert_int_equal(got.version, sent.version);
	assert_int_equal(got.procedure, sent.procedure);
	assert_int_equal(got.type, sent.type);
	assert_int_equal(got.serial, sent.serial);
	assert_int_equal(got.status, sent.status);
}

/* What decoding says of the golden bytes with one word replaced. */
static int decode_with(size_t word, uint32_t value)
{
	struct virnet_header header;
	uint8_t bytes[VIRNET_HEADER_BYTES];

	memcpy(bytes, golden, sizeof(bytes));
	for (size_t i = 0; i < 4; i++)
		bytes[word * 4 + i] = (uint8_t)(value >> (24 - 8 * i));
	return virnet_decode(bytes, MAX, &header);
}

static void refuses_a_length_out_of_range(void **state)
{
	(void)state;
	assert_int_equal(decode_with(0, 0), -EMSGSIZE);
	assert_int_equal(decode_with(0, 27), -EMSGSIZE);
	assert_int_equal(decode_with(0, 28), 0);
	assert_int_equal(decode_with(0, MAX), 0);
	assert_int_equal(decode_with(0, MAX + 1), -EMSGSIZE);
	assert_int_equal(decode_with(0, UINT32_MAX), -EMSGSIZE);
}

static void refuses_a_type_that_does_not_exist(void **state)
{
	(void)state;
	assert_int_equal(decode_with(4, 6), 0);
	assert_int_equal(decode_with(4, 7), -EPROTO);
	assert_int_equal(decode_with(4, UINT32_MAX), -EPROTO);
}

static void refuses_a_status_that_does_not_exist(void **state)
{
	(void)state;
	assert_int_equal(decode_with(6, 2), 0);
	assert_int_equal(decode_with(6, 3), -EPROTO);
	assert_int_equal(decode_with(6, UINT32_MAX), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_virsh_sends),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(carries_every_field),
		cmocka_unit_test(refuses_a_length_out_of_range),
		cmocka_unit_test(refuses_a_type_that_does_not_exist),
		cmocka_unit_test(refuses_a_status_that_does_not_exist),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
