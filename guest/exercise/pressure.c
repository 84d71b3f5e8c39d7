/* SPDX-License-Identifier: MIT */
/* Pressure: watermarks, levels and events, and grants that come later. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "pressure-cases.h"
#include "settle.h"

int exercise_pressure(int argc, char **argv)
{
	const struct tap_group groups[] = {reserve_group, levels_group,
					   later_group};

	(void)argc;
	(void)argv;
	/* Off but where a case is about them. */
	refill(false);
	return tap_run(groups, sizeof(groups) / sizeof(groups[0]));
}
