/* SPDX-License-Identifier: MIT */
/* Events: the level, who can give back, and who waits for memory. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "irq.h"
#include "pressure.h"
#include "notice.h"

static struct lab_status status __attribute__((aligned(LAB_STATUS_ALIGN)));

static spinlock_t lock = SPINLOCK_INIT; /* for what follows */
static struct shrinker *shrinkers;
static void (*memory_function)(bool ready, void *argument);
static void *memory_argument;

enum lab_level lab_pressure(void)
{
	return (enum lab_level)__atomic_load_n(&status.level, __ATOMIC_ACQUIRE);
}

const struct lab_status *pressure_status(void)
{
	return &status;
}

/* Lock held. */
static void shrink(struct shrinker *shrinker, enum lab_level level)
{
	struct shrink_control control = {.level = level};
	unsigned long count;

	if (level == LAB_LEVEL_NONE)
		return;
	count = shrinker->count_objects(shrinker, &control);
	control.nr_to_scan =
		level == LAB_LEVEL_CRITICAL ? count : (count + 1) / 2;
	if (control.nr_to_scan)
		shrinker->scan_objects(shrinker, &control);
}

static void on_event(unsigned int vector, void *argument)
{
	uint32_t pending =
		__atomic_exchange_n(&status.pending, 0, __ATOMIC_ACQ_REL);

	(void)vector;
	(void)argument;
	if (pending & LAB_EVENT_REVOKE)
		notice_event();
	spin_lock(&lock);
	if (pending & LAB_EVENT_LEVEL) {
		for (struct shrinker *s = shrinkers; s; s = s->next)
			shrink(s, lab_pressure());
	}
	if (pending & LAB_EVENT_READY && memory_function)
		memory_function(true, memory_argument);
	if (pending & LAB_EVENT_REFUSED && memory_function)
		memory_function(false, memory_argument);
	spin_unlock(&lock);
}

void register_shrinker(struct shrinker *shrinker)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	shrinker->next = shrinkers;
	shrinkers = shrinker;
	shrink(shrinker, lab_pressure());
	spin_unlock_irqrestore(&lock, flags);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct shrinker **at = &shrinkers;

	while (*at && *at != shrinker)
		at = &(*at)->next;
	if (*at)
		*at = shrinker->next;
	spin_unlock_irqrestore(&lock, flags);
}

void on_memory(void (*function)(bool ready, void *argument), void *argument)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	memory_function = function;
	memory_argument = argument;
	spin_unlock_irqrestore(&lock, flags);
}

void pressure_init(void)
{
	uint64_t vector = has_apic() ? IRQ_EVENT : 0;
	int64_t error;

	notice_init(&status);
	irq_set(IRQ_EVENT, on_event, NULL);
	error = lab_hypercall(LAB_HC_EVENTS, (uint64_t)&status, sizeof(status),
			      vector, 0);
	if (error)
		panic("the VMM does not tell of events: %ld", (long)error);
}
