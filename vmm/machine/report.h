/* SPDX-License-Identifier: MIT */
/* The registers of a guest that was stopped, for a person to read. */
#ifndef LABYRINTH_MACHINE_REPORT_H
#define LABYRINTH_MACHINE_REPORT_H

#include <stdio.h>

#include "machine/vcpu_state.h"

/* Print them as of the last exit, a few to a line. */
void vcpu_report(const struct vcpu *self, FILE *out);

#endif
