/* SPDX-License-Identifier: MIT */
/* What the parts of the exercise pressure share. */
#ifndef EXERCISE_PRESSURE_CASES_H
#define EXERCISE_PRESSURE_CASES_H

#include "tap.h"

extern const struct tap_group reserve_group, levels_group, later_group;

#endif
