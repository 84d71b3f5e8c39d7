/* SPDX-License-Identifier: MIT */
/*
 * What a started guest prints: the latest CONSOLE_BYTES of it, for whoever
 * listens. The guest writes into a FIFO of its own, whose other end is ours as
 * long as we live, and the next daemon's then. Nobody waits: what finds no
 * room in the FIFO is lost, and who reads too slowly misses what was
 * overwritten.
 */
#ifndef LABYRINTH_GUESTS_CONSOLE_H
#define LABYRINTH_GUESTS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "guests/act.h"

#define CONSOLE_BYTES 65536

struct console;

/* A new FIFO at this path, instead of whatever is there. */
int console_new(struct console **out, sd_event *event, const char *path,
		struct err *err);

/* The FIFO that a daemon before us has made there. */
int console_adopt(struct console **out, sd_event *event, const char *path,
		  struct err *err);

/* A descriptor for the guest to write to, for the caller to close; or a
 * negated errno. It never blocks its writer, whoever reads. */
int console_writer(const struct console *self);

/* Take all that is in the FIFO now. */
void console_drain(struct console *self);

/*
 * Bytes from position *at on (0: the first ever), which moves past them, also
 * past what is there no more. Returns how many, at most `most`.
 */
size_t console_read(const struct console *self, uint64_t *at, void *to,
		    size_t most);

/* The last whole line, without its newline; cut to fit. */
void console_last_line(const struct console *self, char *line, size_t bytes);

/* Have a listener told of each news, and of the end; it listens once. */
void console_listen(struct console *self, struct act_listener *listener);

/* The end: its listeners are told, the FIFO goes if it is still ours. */
void console_free(struct console *self);

/* Let go; the FIFO stays for the next daemon. */
void console_leave(struct console *self);

#endif
