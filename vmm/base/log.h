/* SPDX-License-Identifier: MIT */
/*
 * Lines for people, on standard error, each with the program's name before
 * it; under systemd the priority prefix of sd-daemon(3) as well.
 */
#ifndef LABYRINTH_BASE_LOG_H
#define LABYRINTH_BASE_LOG_H

/* Name the program; call once, first. The string must outlive the process. */
void log_init(const char *program);

/* Say warnings and errors only, from here on. */
void log_quiet(void);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same for what a client can cause as often as it likes: LOG_BURST lines at
 * once, of all clients together, then one a second. How many were left out is
 * said with the next. For one thread.
 */
#define LOG_BURST 64
void log_client_info(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void log_client_warning(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
