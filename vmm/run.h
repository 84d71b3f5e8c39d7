/* SPDX-License-Identifier: MIT */
/* `labyrinth run`: one guest, in this process. */
#ifndef LABYRINTH_RUN_H
#define LABYRINTH_RUN_H

/* Exit statuses of labyrinth's own; a guest's are 0 to LAB_EXIT_MAX. */
#define EXIT_NOT_STARTED 125
#define EXIT_STOPPED	 126

/* argv[0] is "run". Returns the exit status. */
int run_main(int argc, char **argv);

#endif
