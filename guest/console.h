/* SPDX-License-Identifier: MIT */
/*
 * The console below printf(): bytes, gathered to lines, of which each processor
 * has its own.
 */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stddef.h>

/* Add one byte to the line; a line's end, or a full line, goes out. */
void console_byte(char byte);

/* Send what is left of an unfinished line. */
void console_flush(void);

/*
 * This processor ends the guest: interrupts go off, and any other that wants
 * to end it as well stops here for good, so that the first one's words get out.
 */
void console_claim_end(void);

/* printf() with its arguments in a list; the number of bytes. */
int console_vprintf(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0)));

#endif
