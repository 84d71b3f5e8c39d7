/* SPDX-License-Identifier: MIT */
/* Ledgers to be tried. Include after cmocka.h. */
#ifndef LABYRINTH_TESTS_LEDGER_SUPPORT_H
#define LABYRINTH_TESTS_LEDGER_SUPPORT_H

#include "broker-support.h"

/* All extents of a new ledger blank. */
static inline struct ledger *blank_ledger(uint32_t total)
{
	struct ledger *ledger = ledger_new(total);

	assert_non_null(ledger);
	for (uint32_t i = 0; i < total; i++) {
		ledger_move(ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(ledger, i, EXTENT_BLANK, NULL);
	}
	return ledger;
}

static inline void admit(struct ledger *ledger, struct account *account,
			 uint32_t id, uint32_t guarantee, uint32_t limit)
{
	struct err err = {.text = ""};

	if (ledger_admit(ledger, account, id, guarantee, limit, &err) < 0)
		fail_msg("%s", err.text);
}

static inline uint32_t lease(struct ledger *ledger, struct account *account)
{
	uint32_t extent = ledger_first(ledger, EXTENT_BLANK);

	ledger_move(ledger, extent, EXTENT_LEASED, account);
	return extent;
}

#endif
