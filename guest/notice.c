/* SPDX-License-Identifier: MIT */
/* Notices of leases that are about to be taken, and who hears of them. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "notice.h"

static const struct lab_status *status;
static spinlock_t lock = SPINLOCK_INIT; /* for what follows */
static struct notifier_block *notifiers;
static uint32_t seen[LAB_NOTICES]; /* serials that were told */

/* The notice in a slot. False if there is none, or it ended while we looked. */
static bool read_notice(unsigned int slot, struct revoke_notice *notice,
			uint32_t *serial)
{
	const struct lab_notice *from = &status->notices[slot];

	*serial = __atomic_load_n(&from->serial, __ATOMIC_ACQUIRE);
	notice->start =
		(void *)__atomic_load_n(&from->address, __ATOMIC_ACQUIRE);
	notice->ms = __atomic_load_n(&from->ms, __ATOMIC_ACQUIRE);
	notice->size = LAB_EXTENT_SIZE;
	return *serial &&
	       __atomic_load_n(&from->serial, __ATOMIC_RELAXED) == *serial;
}

/* Lock held. */
static void tell(struct notifier_block *block, struct revoke_notice *notice)
{
	while (block && block->notifier_call(block, REVOKE_NOTICE, notice) !=
				NOTIFY_STOP)
		block = block->next;
}

void notice_init(const struct lab_status *at)
{
	status = at;
}

void notice_event(void)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct revoke_notice notice;
	uint32_t serial;

	for (unsigned int i = 0; i < LAB_NOTICES; i++) {
		if (!read_notice(i, &notice, &serial) || serial == seen[i])
			continue;
		seen[i] = serial;
		tell(notifiers, &notice);
	}
	spin_unlock_irqrestore(&lock, flags);
}

int register_revoke_notifier(struct notifier_block *block)
{
	struct revoke_notice notice;
	unsigned long flags;
	uint32_t serial;

	if (!has_apic())
		return -LAB_ENODATA;
	flags = spin_lock_irqsave(&lock);
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		if (read_notice(i, &notice, &serial) && serial == seen[i])
			block->notifier_call(block, REVOKE_NOTICE, &notice);
	block->next = notifiers;
	notifiers = block;
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

int unregister_revoke_notifier(struct notifier_block *block)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct notifier_block **at = &notifiers;

	while (*at && *at != block)
		at = &(*at)->next;
	bool found = *at != NULL;
	if (found)
		*at = block->next;
	spin_unlock_irqrestore(&lock, flags);
	return found ? 0 : -LAB_ENOENT;
}
