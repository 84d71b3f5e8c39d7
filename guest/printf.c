/* SPDX-License-Identifier: MIT */
/*
 * Formatted output: the conversions that <labyrinth/guest.h> promises and no
 * more. What it does not know it prints as it is written.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "console.h"

/* One conversion: what stands between % and its letter. */
struct spec {
	bool left;	    /* - */
	bool zero;	    /* 0 */
	size_t width;	    /* in bytes; 0: as wide as it is */
	unsigned int longs; /* l, ll or z: at least one */
};

static int put(char byte)
{
	console_byte(byte);
	return 1;
}

static int pad(char with, size_t width, size_t used)
{
	int bytes = 0;

	for (; used < width; used++)
		bytes += put(with);
	return bytes;
}

static int put_bytes(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put(text[i]);
	return (int)size;
}

static int put_text(struct spec spec, const char *text, size_t size)
{
	int bytes = 0;

	if (!spec.left)
		bytes += pad(' ', spec.width, size);
	bytes += put_bytes(text, size);
	if (spec.left)
		bytes += pad(' ', spec.width, size);
	return bytes;
}

/* prefix ("", "-" or "0x") comes before the zeros, after the blanks. */
static int put_number(struct spec spec, const char *prefix, uint64_t value,
		      unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits);
	size_t used;
	int bytes = 0;

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	used = strlen(prefix) + sizeof(digits) - at;

	if (!spec.left && !spec.zero)
		bytes += pad(' ', spec.width, used);
	bytes += put_bytes(prefix, strlen(prefix));
	if (!spec.left && spec.zero)
		bytes += pad('0', spec.width, used);
	bytes += put_bytes(digits + at, sizeof(digits) - at);
	if (spec.left)
		bytes += pad(' ', spec.width, used);
	return bytes;
}

static int put_signed(struct spec spec, int64_t value)
{
	uint64_t size = (uint64_t)value;

	return value < 0 ? put_number(spec, "-", -size, 10)
			 : put_number(spec, "", size, 10);
}

static const char *parse_spec(const char *format, struct spec *spec)
{
	*spec = (struct spec){0};
	for (; *format == '-' || *format == '0'; format++) {
		if (*format == '-')
			spec->left = true;
		else
			spec->zero = true;
	}
	while (*format >= '0' && *format <= '9')
		spec->width = spec->width * 10 + (size_t)(*format++ - '0');
	for (; *format == 'l' || *format == 'z'; format++)
		spec->longs++;
	return format;
}

static int put_string(struct spec spec, const char *text)
{
	if (!text)
		text = "(null)";
	return put_text(spec, text, strlen(text));
}

/* A list that functions can hand on to each other. */
struct arguments {
	va_list list;
};

static int convert(char letter, struct spec spec, struct arguments *from)
{
	char c;

	switch (letter) {
	case 's':
		return put_string(spec, va_arg(from->list, const char *));
	case 'c':
		c = (char)va_arg(from->list, int);
		return put_text(spec, &c, 1);
	case 'd':
	case 'i':
		return put_signed(spec, spec.longs ? va_arg(from->list, long)
						   : va_arg(from->list, int));
	case 'u':
	case 'x':
		return put_number(spec, "",
				  spec.longs ? va_arg(from->list, unsigned long)
					     : va_arg(from->list, unsigned int),
				  letter == 'x' ? 16 : 10);
	case 'p':
		return put_number(spec, "0x",
				  (uint64_t)va_arg(from->list, void *), 16);
	case '%':
		return put('%');
	default:
		return put('%') + put(letter);
	}
}

int console_vprintf(const char *format, va_list list)
{
	struct arguments arguments;
	struct spec spec;
	int bytes = 0;

	va_copy(arguments.list, list);
	while (*format) {
		if (*format != '%') {
			bytes += put(*format++);
			continue;
		}
		format = parse_spec(format + 1, &spec);
		if (!*format)
			break;
		bytes += convert(*format++, spec, &arguments);
	}
	va_end(arguments.list);
	return bytes;
}
