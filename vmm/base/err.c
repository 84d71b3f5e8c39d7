/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/err.h"

#undef err_set
#undef err_say
#undef err_wrap

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int used = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->code = code;
	if (used >= 0 && (size_t)used < sizeof(err->text))
		snprintf(err->text + used, sizeof(err->text) - (size_t)used,
			 ": %s", strerror(code));
	return -code;
}

int err_say(struct err *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->code = code;
	return -code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char inner[sizeof(err->text)];
	va_list args;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	int used = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(err->text))
		snprintf(err->text + used, sizeof(err->text) - (size_t)used,
			 ": %s", inner);
	return -err->code;
}
