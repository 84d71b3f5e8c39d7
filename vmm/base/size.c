/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/size.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <labyrinth/hypercall.h>

/* The shift of a suffix, or -1 if the text is none. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "kmgt";

	if (*suffix == '\0' || strcmp(suffix, "B") == 0)
		return 0;
	const char *letter = strchr(letters, tolower((unsigned char)*suffix));
	if (letter == NULL)
		return -1;
	suffix++;
	if (*suffix != '\0' && strcmp(suffix, "B") != 0 &&
	    strcmp(suffix, "iB") != 0)
		return -1;
	return 10 * (int)(letter - letters + 1);
}

int size_parse(const char *text, uint64_t *bytes, struct err *err)
{
	uint64_t value = 0;
	const char *at = text;

	for (; isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'),
					   &value))
			return err_say(err, ERANGE, "size `%s` is too large",
				       text);
	}
	int shift = suffix_shift(at);
	if (at == text || shift < 0)
		return err_say(err, EINVAL,
			       "`%s` is not a size: write digits and one of "
			       "K, M, G, T, like 256M",
			       text);
	if (shift > 0 && value >> (64 - shift) != 0)
		return err_say(err, ERANGE, "size `%s` is too large", text);
	*bytes = value << shift;
	return 0;
}

int size_parse_leases(const char *text, uint64_t *leases, struct err *err)
{
	uint64_t bytes;

	int r = size_parse(text, &bytes, err);
	if (r < 0)
		return r;
	if (bytes % LAB_EXTENT_SIZE != 0)
		return err_say(err, EINVAL,
			       "size `%s` is not a multiple of 2M, the size "
			       "of a lease",
			       text);
	*leases = bytes >> LAB_EXTENT_SHIFT;
	return 0;
}
