/* SPDX-License-Identifier: MIT */
/* The console below printf(): bytes, gathered to lines. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stddef.h>

/* Add one byte to the line; a line's end, or a full line, goes out. */
void console_byte(char byte);

/* Send what is left of an unfinished line. */
void console_flush(void);

/* printf() with its arguments in a list; the number of bytes. */
int console_vprintf(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0)));

#endif
