/* SPDX-License-Identifier: MIT */
/* The subcommand `revoke`. */
#ifndef LABYRINTH_REVOKE_H
#define LABYRINTH_REVOKE_H

/* Exit status: 0 when leases were taken, or there were none to take; 1. */
int revoke_main(int argc, char **argv);

#endif
