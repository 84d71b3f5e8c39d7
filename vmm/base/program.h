/* SPDX-License-Identifier: MIT */
/* Where another program of ours is: beside this one, or installed. */
#ifndef LABYRINTH_BASE_PROGRAM_H
#define LABYRINTH_BASE_PROGRAM_H

#include <stddef.h>

#include "base/err.h"

struct program {
	const char *name;
	const char *variable;  /* of the environment, that may name another */
	const char *relative;  /* its folder, from that of this one */
	const char *installed; /* its folder */
};

/*
 * The path to it: what the variable names, whether it is there or not; else
 * the first that can be run, of the folder of the running program, the
 * relative one, and where it is installed. 0, or -ENOENT and a sentence.
 */
int program_find(const struct program *self, char *path, size_t bytes,
		 struct err *err);

#endif
