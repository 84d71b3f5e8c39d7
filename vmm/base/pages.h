/* SPDX-License-Identifier: MIT */
/* What leases are made of (enum lab_backing): its names, and what follows. */
#ifndef LABYRINTH_BASE_PAGES_H
#define LABYRINTH_BASE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

/* Is it one of them? Whatever came from outside is asked this first. */
bool pages_known(uint32_t backing);

/* Its name, as options, XML and tables have it: "hugetlb". */
const char *pages_name(uint32_t backing);

/* For people: "2 MiB huge pages (hugetlb)". */
const char *pages_title(uint32_t backing);

/* The one of that name; 0: there is none. */
enum lab_backing pages_by_name(const char *name);

/* All names, for people: "hugetlb, thp, shmem or guest_memfd". */
const char *pages_names(void);

/* Can they be swapped out, so that the owner has to lock them? */
bool pages_lockable(uint32_t backing);

#endif
