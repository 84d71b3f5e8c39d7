/* SPDX-License-Identifier: MIT */
/* VMMs that were started here: their way up, their consoles, their end. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "broker/broker.h"
#include "guests/launch.h"
#include "guests/guests_private.h"

/* How long who asked for a start waits for it, us: less than the patience of a
 * client whose PINGs are not answered meanwhile. */
#define START_DEADLINE (UINT64_C(20) * 1000000)

#define SCREENS "console" /* in the run directory */

/* The FIFO of a guest's console. */
static void screen_path(const struct guests *self, const char *name,
			char path[512])
{
	snprintf(path, 512, "%s/" SCREENS "/%s", self->terms.run_dir, name);
}

static struct screen **find_screen(struct guests *self, const char *name)
{
	struct screen **at = &self->screens;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void end_screen(struct screen **at)
{
	struct screen *screen = *at;

	if (screen == NULL)
		return;
	*at = screen->next;
	console_free(screen->console);
	free(screen);
}

static int add_screen(struct guests *self, const char *name,
		      struct console *console, struct err *err)
{
	struct screen *screen = calloc(1, sizeof(*screen));

	if (screen == NULL) {
		console_free(console);
		return err_set(err, ENOMEM, "keep a console");
	}
	snprintf(screen->name, sizeof(screen->name), "%.*s", LAB_NAME_MAX - 1,
		 name);
	screen->console = console;
	screen->next = self->screens;
	self->screens = screen;
	return 0;
}

void guests_find_screens(struct guests *self)
{
	char path[512];
	struct dirent *entry;
	struct err err;

	screen_path(self, "", path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		log_warning("no consoles in %s: %s", path, strerror(errno));
	DIR *folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct console *console;
		if (entry->d_name[0] == '.')
			continue;
		screen_path(self, entry->d_name, path);
		if (guests_running(self, entry->d_name) == NULL)
			unlink(path);
		else if (console_adopt(&console, self->terms.event, path,
				       &err) < 0 ||
			 add_screen(self, entry->d_name, console, &err) < 0)
			log_warning("%s", err.text);
	}
	if (folder != NULL)
		closedir(folder);
}

int guests_listen(void *context, const char *name,
		  struct act_listener *listener, struct err *err)
{
	struct screen *screen = *find_screen(context, name);

	if (screen == NULL)
		return err_say(err, ENXIO,
			       "guest %s has no console here: it was started "
			       "elsewhere, and prints there",
			       name);
	listener->console = screen->console;
	console_listen(screen->console, listener);
	return 0;
}

size_t guests_read_console(void *context, struct act_listener *listener,
			   uint64_t *at, void *to, size_t most)
{
	(void)context;
	return console_read(listener->console, at, to, most);
}

void guests_prune_screens(struct guests *self)
{
	for (struct screen **at = &self->screens; *at != NULL;) {
		const char *name = (*at)->name;
		if (guests_starting(self, name) ||
		    guests_running(self, name) != NULL)
			at = &(*at)->next;
		else
			end_screen(at);
	}
}

bool guests_starting(const struct guests *self, const char *name)
{
	for (const struct run *r = self->runs; r != NULL; r = r->next) {
		if (!r->started && strcmp(r->name, name) == 0)
			return true;
	}
	return false;
}

/* Tell who asked for it how it went; that is the last that he hears. */
static void answer(struct run *self, int r, const struct err *err)
{
	struct act_wait *wait = self->wait;

	self->late = sd_event_source_disable_unref(self->late);
	self->wait = NULL;
	if (r < 0)
		log_warning("guest %s: %s", self->name, err->text);
	if (wait == NULL)
		return;
	wait->run = NULL;
	wait->done(wait, r, err);
}

void guests_forget(void *context, struct act_wait *wait)
{
	struct run *run = wait->run;

	(void)context;
	if (run != NULL)
		run->wait = NULL;
	wait->run = NULL;
}

static void run_free(struct run *self)
{
	struct run **at = &self->guests->runs;

	while (*at != self)
		at = &(*at)->next;
	*at = self->next;
	if (self->ready != NULL)
		close(sd_event_source_get_io_fd(self->ready));
	if (self->ended != NULL)
		close(sd_event_source_get_io_fd(self->ended));
	sd_event_source_disable_unref(self->ready);
	sd_event_source_disable_unref(self->ended);
	sd_event_source_disable_unref(self->late);
	free(self);
}

void guests_free_runs(struct guests *self)
{
	while (self->runs != NULL)
		run_free(self->runs);
	while (self->screens != NULL) {
		struct screen *screen = self->screens;
		self->screens = screen->next;
		console_leave(screen->console);
		free(screen);
	}
}

/* A byte: the guest is about to run. The end: it never will. */
static int on_ready(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	struct run *self = context;
	char byte;

	(void)events;
	ssize_t got = read(fd, &byte, 1);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	self->ready = NULL;
	sd_event_source_disable_unref(source);
	close(fd);
	if (got <= 0)
		return 0; /* why is known when its process has ended */
	self->started = true;
	answer(self, 0, NULL);
	return 0;
}

/* What the VMM has said last tells why. */
static void say_why(const struct run *self, int status, struct err *err)
{
	struct screen *screen = *find_screen(self->guests, self->name);
	char line[256] = "";

	if (screen != NULL) {
		console_drain(screen->console);
		console_last_line(screen->console, line, sizeof(line));
	}
	if (line[0] != '\0')
		err_say(err, EIO, "%s", line);
	else if (WIFSIGNALED(status))
		err_say(err, EIO, "the VMM of guest %s was ended by signal %d",
			self->name, WTERMSIG(status));
	else
		err_say(err, EIO, "the VMM of guest %s ended with status %d",
			self->name, WEXITSTATUS(status));
}

static int on_ended(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	struct run *self = context;
	struct guests *guests = self->guests;
	int status = 0;
	struct err err;

	(void)source, (void)fd, (void)events;
	if (waitpid(self->pid, &status, WNOHANG) == 0)
		return 0;
	if (self->ready != NULL) /* it may be there, and be the sooner */
		on_ready(self->ready, sd_event_source_get_io_fd(self->ready), 0,
			 self);
	if (!self->started) {
		say_why(self, status, &err);
		self->started = true; /* starting no more */
		answer(self, -EIO, &err);
	}
	log_info("guest %s: its process ended with status %d", self->name,
		 WIFEXITED(status) ? WEXITSTATUS(status)
				   : 128 + WTERMSIG(status));
	run_free(self);
	guests_prune_screens(guests);
	guests_prune(guests);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t now, void *context)
{
	struct run *self = context;
	struct err err;

	(void)source, (void)now;
	int r = err_say(&err, ETIMEDOUT,
			"guest %s has not come up in 20 seconds; it goes on "
			"trying",
			self->name);
	answer(self, r, &err);
	return 0;
}

static int watch(struct run *self, int ready, struct err *err)
{
	sd_event *event = self->guests->terms.event;
	cleanup_close int ended = pidfd_open(self->pid, 0);

	if (ended < 0) {
		close(ready);
		return err_set(err, errno, "watch the VMM of guest %s",
			       self->name);
	}
	int r = sd_event_add_io(event, &self->ready, ready, EPOLLIN, on_ready,
				self);
	if (r < 0)
		close(ready);
	if (r >= 0)
		r = sd_event_add_io(event, &self->ended, ended, EPOLLIN,
				    on_ended, self);
	if (r >= 0) {
		steal_fd(&ended);
		r = sd_event_add_time_relative(event, &self->late,
					       CLOCK_MONOTONIC, START_DEADLINE,
					       0, on_late, self);
	}
	return r < 0 ? err_set(err, -r, "watch the VMM of guest %s", self->name)
		     : 0;
}

/* A console for it, then the process. */
static int launch(struct run *self, const struct domain *domain, int *ready,
		  struct err *err)
{
	struct guests *guests = self->guests;
	struct console *console;
	char path[512], socket[512];

	/* That of a guest of this name before, which is gone. */
	end_screen(find_screen(guests, domain->name));
	screen_path(guests, domain->name, path);
	int r = console_new(&console, guests->terms.event, path, err);
	if (r < 0)
		return r;
	r = add_screen(guests, domain->name, console, err);
	if (r < 0)
		return r;
	cleanup_close int writer = console_writer(console);
	if (writer < 0)
		return err_set(err, -writer, "open the console of guest %s",
			       domain->name);
	snprintf(socket, sizeof(socket), "%s/%s", guests->terms.run_dir,
		 BROKER_SOCKET_NAME);
	return launch_vmm(domain, socket, writer, &self->pid, ready, err);
}

static int start(struct guests *self, const struct domain *domain,
		 struct act_wait *wait, struct err *err)
{
	int ready;

	if (guests_running(self, domain->name) != NULL ||
	    guests_starting(self, domain->name))
		return err_say(err, EBUSY, "domain %s is running already",
			       domain->name);
	struct run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return err_set(err, ENOMEM, "start guest %s", domain->name);
	run->guests = self;
	strcpy(run->name, domain->name);
	int r = launch(run, domain, &ready, err);
	run->next = self->runs;
	self->runs = run;
	if (r == 0) {
		r = watch(run, ready, err);
		if (r < 0) { /* what nobody watches is not left behind */
			kill(run->pid, SIGKILL);
			waitpid(run->pid, NULL, 0);
		}
	}
	if (r < 0) {
		run_free(run);
		guests_prune_screens(self);
		return r;
	}
	log_info("guest %s: started as process %d", run->name, (int)run->pid);
	run->wait = wait;
	if (wait != NULL)
		wait->run = run;
	return 0;
}

int guests_start(void *context, const struct act_domain *domain,
		 struct act_wait *wait, struct err *err)
{
	const struct guests_entry *entry = (const void *)domain;

	return start(context, &entry->domain, wait, err);
}

int guests_create(void *context, const char *xml, uint8_t uuid[16],
		  struct act_wait *wait, struct err *err)
{
	struct guests *self = context;
	struct domain domain;

	int r = domain_read(&domain, xml, err);
	if (r < 0)
		return r;
	memcpy(uuid, domain.uuid, sizeof(domain.uuid));
	if (guests_by_name(self, domain.name) != NULL)
		r = err_say(err, EEXIST,
			    "domain %s is there already: start it, or undefine "
			    "it",
			    domain.name);
	if (r == 0)
		r = guests_check_new(self, &domain, err);
	struct guests_entry *entry = r == 0 ? guests_know(self, &domain) : NULL;
	if (r == 0 && entry == NULL)
		r = err_set(err, ENOMEM, "start guest %s", domain.name);
	if (r == 0) {
		r = start(self, &entry->domain, wait, err);
		if (r < 0)
			guests_prune(self);
	}
	domain_clear(&domain);
	return r;
}
