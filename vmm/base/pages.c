/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/pages.h"

#include <stddef.h>
#include <string.h>

static const struct kind {
	const char *name;
	const char *title;
	bool lockable;
} kinds[] = {
	[LAB_BACKING_SHMEM] = {"shmem", "4 KiB pages (shmem)", true},
	[LAB_BACKING_HUGETLB] = {"hugetlb", "2 MiB huge pages (hugetlb)",
				 false},
	[LAB_BACKING_THP] = {"thp", "2 MiB transparent huge pages (thp)", true},
	[LAB_BACKING_GUEST_MEMFD] = {"guest_memfd",
				     "4 KiB pages of one VM (guest_memfd)",
				     false},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool pages_known(uint32_t backing)
{
	return backing < KINDS && kinds[backing].name != NULL;
}

const char *pages_name(uint32_t backing)
{
	return pages_known(backing) ? kinds[backing].name : "unknown";
}

const char *pages_title(uint32_t backing)
{
	return pages_known(backing) ? kinds[backing].title : "unknown pages";
}

enum lab_backing pages_by_name(const char *name)
{
	for (uint32_t i = 0; i < KINDS; i++) {
		if (pages_known(i) && strcmp(kinds[i].name, name) == 0)
			return (enum lab_backing)i;
	}
	return (enum lab_backing)0;
}

const char *pages_names(void)
{
	return "hugetlb, thp, shmem or guest_memfd";
}

bool pages_lockable(uint32_t backing)
{
	return !pages_known(backing) || kinds[backing].lockable;
}
