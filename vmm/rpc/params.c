/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/params.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>

/* A parameter more, named; NULL without memory. */
__attribute__((format(printf, 3, 0))) static rmt_value *add(struct params *self,
							    int type,
							    const char *name,
							    va_list args)
{
	char field[VIR_TYPED_PARAM_FIELD_LENGTH];

	if (self->count == self->room) {
		u_int room = self->room * 2 + 32;
		rmt_param *items = realloc(self->items, room * sizeof(*items));
		if (items == NULL) {
			self->failed = true;
			return NULL;
		}
		self->items = items;
		self->room = room;
	}
	int length = vsnprintf(field, sizeof(field), name, args);
	if (length < 0 || (size_t)length >= sizeof(field))
		abort(); /* our own name is too long */
	rmt_param *param = &self->items[self->count];
	memset(param, 0, sizeof(*param));
	param->field = strdup(field);
	param->value.type = type;
	/* Not one more before it is whole: half of one cannot be freed. */
	if (param->field == NULL) {
		self->failed = true;
		return NULL;
	}
	self->count++;
	return &param->value;
}

/* A function for each type: the value, where it goes, and its number. */
#define ADD(suffix, c_type, number, member)                     \
	void params_##suffix(struct params *self, c_type value, \
			     const char *name, ...)             \
	{                                                       \
		va_list args;                                   \
		va_start(args, name);                           \
		rmt_value *to = add(self, number, name, args);  \
		va_end(args);                                   \
		if (to != NULL)                                 \
			to->rmt_value_u.member = value;         \
	}

ADD(int, int, VIR_TYPED_PARAM_INT, i)
ADD(uint, unsigned, VIR_TYPED_PARAM_UINT, ui)
ADD(ulong, uint64_t, VIR_TYPED_PARAM_ULLONG, ul)

void params_text(struct params *self, const char *value, const char *name, ...)
{
	va_list args;
	char *copy = strdup(value);

	if (copy == NULL) {
		self->failed = true;
		return;
	}
	va_start(args, name);
	rmt_value *to = add(self, VIR_TYPED_PARAM_STRING, name, args);
	va_end(args);
	if (to != NULL)
		to->rmt_value_u.s = copy;
	else
		free(copy);
}
