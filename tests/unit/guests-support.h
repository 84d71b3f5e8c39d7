/* SPDX-License-Identifier: MIT */
/* A folder for a run and its state, and guests in it. After cmocka.h. */
#ifndef LABYRINTH_TESTS_GUESTS_SUPPORT_H
#define LABYRINTH_TESTS_GUESTS_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* Removed with all that is in it, by remove_folder(). */
static inline void make_folder(char path[64])
{
	strcpy(path, "/tmp/guests-test-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static inline void remove_folder(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static inline void write_file(const char *folder, const char *name,
			      const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline bool is_there(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static inline void assert_text(const struct err *err, const char *part)
{
	if (strstr(err->text, part) == NULL)
		fail_msg("`%s` does not say `%s`", err->text, part);
}

#define XML(name, more)                                                 \
	"<domain type='kvm'><name>" name "</name><memory>8192</memory>" \
	"<os><type>hvm</type><kernel>/k</kernel></os>" more "</domain>"

#endif
