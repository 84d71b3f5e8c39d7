/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "broker/registry.h"
#include "guests/domain.h"

#define XML	  ".xml"
#define AUTOSTART ".autostart"
#define NEW	  ".new" /* being written */

/* The name of a domain and the longest of these. */
#define FILE_MAX (LAB_NAME_MAX + 16)

static int make_folders(const char *path, struct err *err)
{
	char part[256];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "make the folder %s", path);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return err_set(err, errno, "make the folder %s", part);
	}
	return 0;
}

int store_open(struct store *self, const char *path, struct err *err)
{
	self->fd = -1;
	int r = make_folders(path, err);
	if (r < 0)
		return r;
	snprintf(self->path, sizeof(self->path), "%s", path);
	self->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return self->fd < 0 ? err_set(err, errno, "open the folder %s", path)
			    : 0;
}

void store_close(struct store *self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

/* NAME of NAME.xml, if it is one of ours. */
static bool name_of(const char *file, const char *ending,
		    char name[LAB_NAME_MAX])
{
	size_t length = strlen(file), tail = strlen(ending);

	if (length <= tail || length - tail >= LAB_NAME_MAX ||
	    strcmp(file + length - tail, ending) != 0)
		return false;
	memset(name, 0, LAB_NAME_MAX);
	memcpy(name, file, length - tail);
	return registry_name_valid(name);
}

/* A whole file of at most DOMAIN_XML_MAX bytes; NULL and errno. */
static char *read_file(int folder, const char *file)
{
	cleanup_close int fd =
		openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	cleanup_free char *text = malloc(DOMAIN_XML_MAX + 2);
	size_t bytes = 0;
	ssize_t got = 0;

	if (fd < 0 || text == NULL)
		return NULL;
	do {
		got = read(fd, text + bytes, DOMAIN_XML_MAX + 1 - bytes);
		bytes += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	if (got < 0)
		return NULL;
	if (bytes > DOMAIN_XML_MAX) {
		errno = EFBIG;
		return NULL;
	}
	text[bytes] = '\0';
	return steal_ptr(text);
}

int store_load(const struct store *self,
	       void (*found)(void *context, const char *name, const char *xml,
			     bool autostart),
	       void *context, struct err *err)
{
	char name[LAB_NAME_MAX], mark[FILE_MAX];
	struct dirent *entry;

	if (self->fd < 0)
		return 0;
	DIR *folder = opendir(self->path);
	if (folder == NULL)
		return err_set(err, errno, "read the folder %s", self->path);
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		const char *file = entry->d_name;
		if (name_of(file, XML NEW, name) ||
		    name_of(file, AUTOSTART NEW, name))
			unlinkat(self->fd, file, 0);
		if (!name_of(file, XML, name))
			continue;
		cleanup_free char *text = read_file(self->fd, file);
		if (text == NULL) {
			log_warning("%s/%s is left out: %s", self->path, file,
				    strerror(errno));
			continue;
		}
		snprintf(mark, sizeof(mark), "%s" AUTOSTART, name);
		found(context, name, text,
		      faccessat(self->fd, mark, F_OK, 0) == 0);
	}
	int code = errno;
	closedir(folder);
	return code == 0 ? 0
			 : err_set(err, code, "read the folder %s", self->path);
}

/* What has changed in the folder is on disk after this. */
static int settle(const struct store *self, struct err *err)
{
	return fsync(self->fd) < 0
		       ? err_set(err, errno, "sync the folder %s", self->path)
		       : 0;
}

/* Write a file under another name. */
static int write_new(int folder, const char *file, const char *text)
{
	cleanup_close int fd = openat(
		folder, file,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t bytes = strlen(text), done = 0;

	if (fd < 0)
		return -errno;
	while (done < bytes) {
		ssize_t n = write(fd, text + done, bytes - done);
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* NAME and an ending, made whole or not at all. */
static int put_file(const struct store *self, const char *name,
		    const char *ending, const char *text, struct err *err)
{
	char file[FILE_MAX], new[FILE_MAX + sizeof(NEW)];

	if (self->fd < 0)
		return err_say(err, EROFS,
			       "nothing is kept here: labyrinthd was started "
			       "with --state-dir none");
	snprintf(file, sizeof(file), "%s%s", name, ending);
	snprintf(new, sizeof(new), "%s" NEW, file);
	int r = write_new(self->fd, new, text);
	if (r == 0 && renameat(self->fd, new, self->fd, file) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(self->fd, new, 0);
		return err_set(err, -r, "write %s/%s", self->path, file);
	}
	return settle(self, err);
}

static int remove_file(const struct store *self, const char *name,
		       const char *ending, struct err *err)
{
	char file[FILE_MAX];

	if (self->fd < 0)
		return 0;
	snprintf(file, sizeof(file), "%s%s", name, ending);
	if (unlinkat(self->fd, file, 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s/%s", self->path, file);
	return settle(self, err);
}

int store_save(const struct store *self, const char *name, const char *xml,
	       struct err *err)
{
	return put_file(self, name, XML, xml, err);
}

int store_autostart(const struct store *self, const char *name, bool autostart,
		    struct err *err)
{
	return autostart ? put_file(self, name, AUTOSTART, "", err)
			 : remove_file(self, name, AUTOSTART, err);
}

int store_remove(const struct store *self, const char *name, struct err *err)
{
	/* The mark first: alone it means nothing. */
	int r = remove_file(self, name, AUTOSTART, err);

	return r < 0 ? r : remove_file(self, name, XML, err);
}
