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
#include "percpu.h"

/* How often to look at a lock before a line goes out without it. */
#define PATIENCE 1000000

_Static_assert(sizeof(((struct console_line *)NULL)->text) <= LAB_CONSOLE_MAX,
	       "a line fits one call");

/* Of the way out. Not a spinlock_t: a processor that died with it must not
 * keep the others' last words. */
static uint32_t locked;
static uint32_t ending; /* number of the processor that ends us, plus 1 */

static struct console_line *own_line(void)
{
	struct percpu *cpu = this_cpu();

	return &cpu->lines[cpu->interrupt_depth > 0];
}

static void take_lock(void)
{
	static uint32_t lost; /* its holder died with it; atomic */

	for (unsigned int i = 0; i < PATIENCE; i++) {
		if (!__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&lost, __ATOMIC_RELAXED))
			return;
		cpu_pause();
	}
	__atomic_store_n(&lost, 1, __ATOMIC_RELAXED);
}

static void send(const struct console_line *line)
{
	size_t sent = 0;

	/* A VMM that takes less than all gets the rest, one that takes
	 * nothing does not hang us. */
	while (sent < line->bytes) {
		int64_t n = lab_hypercall(LAB_HC_CONSOLE,
					  (uint64_t)line->text + sent,
					  line->bytes - sent, 0, 0);

		if (n <= 0 || hcall_failed(n))
			break;
		sent += (size_t)n;
	}
}

void console_flush(void)
{
	struct console_line *line = own_line();
	unsigned long flags;

	if (line->bytes == 0)
		return;
	flags = local_irq_save();
	take_lock();
	send(line);
	__atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
	local_irq_restore(flags);
	line->bytes = 0;
}

void console_byte(char byte)
{
	struct console_line *line = own_line();

	line->text[line->bytes++] = byte;
	if (byte == '\n' || line->bytes == sizeof(line->text))
		console_flush();
}

void console_claim_end(void)
{
	uint32_t self = smp_processor_id() + 1, nobody = 0;

	local_irq_disable();
	if (!__atomic_compare_exchange_n(&ending, &nobody, self, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
	    nobody != self)
		cpu_halt();
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
	console_claim_end();
	console_flush();
	if (status < 0 || status > LAB_EXIT_MAX)
		status = LAB_EXIT_MAX;
	lab_hypercall(LAB_HC_EXIT, (uint64_t)status, 0, 0, 0);
	cpu_halt();
}

void panic(const char *format, ...)
{
	va_list arguments;

	console_claim_end();
	if (own_line()->bytes)
		console_byte('\n');
	printf("panic: ");
	va_start(arguments, format);
	console_vprintf(format, arguments);
	va_end(arguments);
	console_byte('\n');
	exit(LAB_EXIT_MAX);
}
