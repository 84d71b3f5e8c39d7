/* SPDX-License-Identifier: MIT */
/*
 * Typed parameters being gathered for a result. Their owner is the result,
 * whose xdr_free() frees them; the first failure (of memory) sticks.
 */
#ifndef LABYRINTH_RPC_PARAMS_H
#define LABYRINTH_RPC_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/remote.h"

struct params {
	rmt_param *items;
	u_int count;
	u_int room;
	bool failed;
};

/* Names are printf's, and have less than VIR_TYPED_PARAM_FIELD_LENGTH bytes. */
#define PARAMS_NAME __attribute__((format(printf, 3, 4)))

void params_int(struct params *self, int value, const char *name,
		...) PARAMS_NAME;
void params_uint(struct params *self, unsigned value, const char *name,
		 ...) PARAMS_NAME;
void params_ulong(struct params *self, uint64_t value, const char *name,
		  ...) PARAMS_NAME;
void params_text(struct params *self, const char *value, const char *name,
		 ...) PARAMS_NAME;

#undef PARAMS_NAME

#endif
