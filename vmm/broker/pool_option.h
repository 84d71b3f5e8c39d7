/* SPDX-License-Identifier: MIT */
/* A pool as an administrator writes it. */
#ifndef LABYRINTH_BROKER_POOL_OPTION_H
#define LABYRINTH_BROKER_POOL_OPTION_H

#include "base/err.h"
#include "broker/pool.h"

/*
 * NAME=SIZE[,backing=hugetlb|thp|shmem|guest_memfd][,node=N]. 0, or -EINVAL and
 * a sentence that says what is wrong. Whether the host can give it is not asked
 * here.
 */
int pool_option_parse(struct pool_spec *spec, const char *text,
		      struct err *err);

#endif
