/* SPDX-License-Identifier: MIT */
/* What several tests of the broker need. Include after cmocka.h. */
#ifndef LABYRINTH_TESTS_BROKER_SUPPORT_H
#define LABYRINTH_TESTS_BROKER_SUPPORT_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "broker/ledger.h"
#include "broker/pool.h"
#include "broker/registry.h"

/* The signal that ends a child which runs `body`; 0 if it returns. */
static inline int signal_of(void (*body)(void *), void *context)
{
	int status = 0;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		body(context);
		_exit(0);
	}
	assert_int_not_equal(child, -1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static inline void assert_valid(const struct ledger *ledger)
{
	struct err err = {.text = ""};

	if (ledger_validate(ledger, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void assert_said(const struct err *err, const char *part)
{
	if (strstr(err->text, part) == NULL)
		fail_msg("`%s` does not say `%s`", err->text, part);
}

static inline struct pool *make_pool_of(const char *name, uint32_t leases,
					enum lab_backing backing)
{
	struct pool_spec spec = {.leases = leases, .backing = backing};
	struct pool *pool = NULL;
	struct err err = {.text = ""};

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	if (pool_new(&pool, &spec, &err) < 0)
		fail_msg("%s", err.text);
	return pool;
}

static inline struct pool *make_pool(const char *name, uint32_t leases)
{
	return make_pool_of(name, leases, LAB_BACKING_SHMEM);
}

static inline uint8_t *map_lease(int fd)
{
	uint8_t *pages = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	return pages;
}

static inline void assert_zero(const uint8_t *pages)
{
	for (size_t i = 0; i < LAB_EXTENT_SIZE; i++) {
		if (pages[i] != 0)
			fail_msg("byte %zu is %#x, not 0", i, pages[i]);
	}
}

#endif
