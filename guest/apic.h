/* SPDX-License-Identifier: MIT */
/*
 * The processor's local APIC, by the x2APIC's MSRs alone: no page of it is
 * ever mapped. A guest of one processor does without where there is none.
 */
#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define APIC_SPURIOUS_VECTOR 0xff /* never acknowledged */

/*
 * Switch this processor's on, its own interrupts masked. False if there is
 * none that works. After trap_init(), for it asks by trying; first on the boot
 * processor.
 */
bool apic_enable(void);

/* Did apic_enable() find one? */
bool apic_is_there(void);

/* This processor's APIC id. */
uint32_t apic_id(void);

/* The interrupt being handled is done. Nothing without an APIC. */
void apic_end_of_interrupt(void);

/* Interrupt the processor with an APIC id; it may be this one. */
void apic_send(uint32_t id, unsigned int vector);

/* The two steps that start a processor, in real mode at page * 4 KiB. */
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, unsigned int page);

/* The timer: a vector after so many ticks (at least 1), once or for ever. */
void apic_timer_start(unsigned int vector, uint32_t ticks, bool periodic);
void apic_timer_stop(void);

#endif
