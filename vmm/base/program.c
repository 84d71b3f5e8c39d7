/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program; empty when the kernel does not tell. */
static void own_folder(char *folder, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", folder, bytes - 1);

	folder[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
}

static int runnable(const char *path)
{
	return access(path, X_OK) == 0;
}

int program_find(const struct program *self, char *path, size_t bytes,
		 struct err *err)
{
	char folder[PATH_MAX];
	const char *named = getenv(self->variable);

	if (named != NULL && named[0] != '\0') {
		snprintf(path, bytes, "%s", named);
		return 0;
	}
	own_folder(folder, sizeof(folder));
	snprintf(path, bytes, "%s/%s", folder, self->name);
	if (runnable(path))
		return 0;
	snprintf(path, bytes, "%s/%s/%s", folder, self->relative, self->name);
	if (runnable(path))
		return 0;
	snprintf(path, bytes, "%s/%s", self->installed, self->name);
	if (runnable(path))
		return 0;
	return err_say(err, ENOENT,
		       "%s is neither in %s nor in %s: install it, or name it "
		       "in %s",
		       self->name, folder, self->installed, self->variable);
}
