/* SPDX-License-Identifier: MIT */
/* Interrupts below request_irq(): from the vector's door to its handler. */
#ifndef GUEST_IRQ_H
#define GUEST_IRQ_H

#include <labyrinth/guest.h>

/* Vectors of the library's own, above those that programs may request. */
#define IRQ_CALL  0xf0 /* run what another processor asks for */
#define IRQ_WAKE  0xf1 /* leave the idle loop's HLT */
#define IRQ_EVENT 0xf2 /* the VMM has something to tell */

/* Let a library's own vector in; as request_irq(), for any vector. */
void irq_set(unsigned int vector, irq_handler_t handler, void *argument);

/* Handle an interrupt, on the processor that got it, interrupts off. */
void irq_handle(unsigned int vector);

#endif
