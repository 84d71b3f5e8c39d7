/* SPDX-License-Identifier: MIT */
/* The command line of `labyrinth run`. */
#ifndef LABYRINTH_RUN_OPTIONS_H
#define LABYRINTH_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "mem/fail.h"

#define RUN_DEFAULT_BROKER  "/run/labyrinth/broker.sock"
#define RUN_DEFAULT_MEMORY  2	 /* leases */
#define RUN_DEFAULT_TIMEOUT 1000 /* ms */
#define RUN_DEFAULT_GROWTH  32	 /* leases of limit above the guarantee */

struct run_options {
	char name[LAB_NAME_MAX]; /* default: guest-PID */
	const char *pool;	 /* default: "default" */
	const char *broker;	 /* NULL when none was named */
	uint32_t kernel_timeout; /* ms that LAB_GFP_KERNEL may wait */
	const char *output;	 /* file; NULL when none was named */
	uint64_t memory;	 /* leases, 1 to LAB_MEMORY_MAX's */
	uint64_t guarantee;	 /* leases, >= memory */
	uint64_t limit;		 /* leases, >= guarantee */
	uint64_t maximum;	 /* of the limit, leases, >= limit */
	unsigned int cpus;	 /* 1 to LAB_CPUS_MAX */
	unsigned int transport;	 /* LAB_TRANSPORT_*, 0 for the best */
	bool share;		 /* its pages' table, with the guest */
	struct fail fail;	 /* what is to fail on purpose */
	int ready_fd;		 /* told when the guest starts; -1: nobody */
	int argc;		 /* of the guest: the kernel and its ARGs */
	char **argv;
};

/*
 * Parse argv, of which argv[0] is "run". --help and --version print and end
 * the process with 0. Every value is checked here and nowhere later.
 */
int run_options_parse(struct run_options *self, int argc, char **argv,
		      struct err *err);

#endif
