/* SPDX-License-Identifier: MIT */
/* Kick the VMM for nothing, as fast as one processor can. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "exercise.h"

int exercise_kicks(int argc, char **argv)
{
	unsigned long count = argc > 0 ? strtoul(argv[0], NULL, 0) : 100000;

	puts("kicking");
	for (unsigned long i = 0; i < count; i++)
		__asm__ volatile("outb %%al, %[port]"
				 :
				 : "a"(0), [port] "N"(LAB_KICK_PORT)
				 : "memory");
	puts("kicked");
	for (;;)
		cpu_wait_for_interrupt();
}
