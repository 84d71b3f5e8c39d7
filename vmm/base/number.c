/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/number.h"

#include <errno.h>
#include <stdlib.h>

int number_parse(const char *text, int base, uint64_t least, uint64_t most,
		 uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	unsigned long long value = strtoull(text, &end, base);
	if (errno != 0 || *end != '\0' || value < least || value > most)
		return -EINVAL;
	*number = value;
	return 0;
}
