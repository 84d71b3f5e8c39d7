/* SPDX-License-Identifier: MIT */
/* What act.c and pool_act.c share. */
#ifndef LABYRINTH_RPC_ACT_H
#define LABYRINTH_RPC_ACT_H

/* By which of libvirt's codes (virErrorNumber) an errno's refusal goes out. */
int act_code(int error);

#endif
