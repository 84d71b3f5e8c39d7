/* SPDX-License-Identifier: MIT */
/* Selftest: the little of a C library that guests get. */
#include "freestanding.h"

#include "selftest.h"

static void memory(void)
{
	char text[] = "0123456789";

	expect(memmove(text + 2, text, 6) == text + 2, true);
	expect(memcmp(text, "0101234589", 10), 0);
	memmove(text, text + 2, 6);
	expect(memcmp(text, "0123454589", 10), 0);
	memmove(text, text, 10);
	memmove(text, text + 5, 0);
	expect(memcmp(text, "0123454589", 10), 0);
	memset(text + 1, 'x', 3);
	memcpy(text + 8, "ab", 2);
	expect(memcmp(text, "0xxx4545ab", 11), 0);
	expect(memcmp("a\x80", "a\x7f", 2) > 0, true);
	expect(memcmp("a", "b", 0), 0);
}

static void strings(void)
{
	expect(strlen(""), 0);
	expect(strlen("four"), 4);
	expect(strcmp("same", "same"), 0);
	expect(strcmp("sam", "same") < 0, true);
	expect(strcmp("same", "sam") > 0, true);
	expect(strcmp("\x80", "a") > 0, true);
	expect(strncmp("same", "sand", 2), 0);
	expect(strncmp("same", "sand", 3) < 0, true);
	expect(strncmp("a", "b", 0), 0);
}

static void numbers(void)
{
	static const char text[] = "123rest";
	char *end;

	expect(strtoul(text, &end, 0), 123);
	expect(end == text + 3, true);
	expect(strtoul("0x1F", NULL, 0), 31);
	expect(strtoul("ff", NULL, 16), 255);
	expect(strtoul("0xg", NULL, 0), 0);
	expect(strtoul("18446744073709551615", NULL, 10), UINT64_MAX);
	expect(strtoul("", &end, 10), 0);
	expect(strtoul("none", NULL, 10), 0);
}

/* The text is for eyes; what it should look like stands beside it. */
static void formats(void)
{
	expect(printf("# [%5d|%-5d|%05d|%i] = [   42|42   |-0042|-7]\n", 42, 42,
		      -42, -7),
	       50);
	expect(printf("# [%u|%x|%08lx|%zu] = [4294967295|ff|deadbeef|9]\n",
		      UINT32_MAX, 255, 0xdeadbeefUL, (size_t)9),
	       58);
	expect(printf("# [%s|%6s|%-6s|%c|%%|%p] = [a|     b|c     "
		      "|d|%%|0x1000]\n",
		      "a", "b", "c", 'd', (void *)4096),
	       62);
	expect(printf("# [%ld|%lld] = [-9223372036854775808|-1]\n", INT64_MIN,
		      -1LL),
	       56);
}

static const struct tap_case cases[] = {
	{"memcpy and its family", memory},
	{"strings", strings},
	{"strtoul", numbers},
	{"printf", formats},
};

const struct tap_group library_group = TAP_GROUP(cases);
