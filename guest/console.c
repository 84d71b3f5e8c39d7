/* SPDX-License-Identifier: MIT */
/*
 * The console, one call for each line, and the two ways to the end: exit()
 * and panic().
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "console.h"
#include "cpu.h"
#include "hcall.h"

static char line[512];
static size_t line_bytes;

_Static_assert(sizeof(line) <= LAB_CONSOLE_MAX, "a line fits one call");

void console_flush(void)
{
	size_t sent = 0;

	/* A VMM that takes less than all gets the rest, one that takes
	 * nothing does not hang us. */
	while (sent < line_bytes) {
		int64_t n = lab_hypercall(LAB_HC_CONSOLE, (uint64_t)line + sent,
					  line_bytes - sent, 0, 0);

		if (n <= 0 || hcall_failed(n))
			break;
		sent += (size_t)n;
	}
	line_bytes = 0;
}

void console_byte(char byte)
{
	line[line_bytes++] = byte;
	if (byte == '\n' || line_bytes == sizeof(line))
		console_flush();
}

int putchar(int c)
{
	console_byte((char)c);
	return (unsigned char)c;
}

int puts(const char *text)
{
	while (*text)
		console_byte(*text++);
	console_byte('\n');
	return 0;
}

int printf(const char *format, ...)
{
	va_list arguments;
	int bytes;

	va_start(arguments, format);
	bytes = console_vprintf(format, arguments);
	va_end(arguments);
	return bytes;
}

void exit(int status)
{
	console_flush();
	if (status < 0 || status > LAB_EXIT_MAX)
		status = LAB_EXIT_MAX;
	lab_hypercall(LAB_HC_EXIT, (uint64_t)status, 0, 0, 0);
	cpu_halt();
}

void panic(const char *format, ...)
{
	va_list arguments;

	if (line_bytes)
		console_byte('\n');
	printf("panic: ");
	va_start(arguments, format);
	console_vprintf(format, arguments);
	va_end(arguments);
	console_byte('\n');
	exit(LAB_EXIT_MAX);
}
