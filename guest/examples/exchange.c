/* SPDX-License-Identifier: MIT */
/*
 * A telephone exchange: a state machine that lives in interrupts. Processor 0
 * is the exchange. The subscribers sit at all processors; they ring it, and it
 * rings them, by interrupts from one to the other; its timer cuts a call when
 * the time is up. Each call has a record, a page taken in the handler: there
 * is no waiting there, so a call for which there is none is lost, as telephone
 * engineers say, and counted. Main bills the records and gives the pages back.
 *
 *   labyrinth run --cpus 4 exchange.elf [CALLS]
 */
#include <labyrinth/guest.h>

#define LINES	   4	   /* of each processor */
#define CALLS	   50	   /* of each line, if nothing else is said */
#define TICK	   1000000 /* of the timer's clock */
#define TALK_TICKS 2

#define VECTOR_RING LAB_IRQ_FIRST
#define VECTOR_BELL (LAB_IRQ_FIRST + 1)
#define VECTOR_TICK (LAB_IRQ_FIRST + 2)

#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

enum state { IDLE, RINGING, TALKING, OVER };
enum event { NONE, CALL, ANSWER, TIME_UP, EVENTS };

/* What may happen, and when. From OVER to IDLE a line comes by the bill. */
static const struct {
	enum state from, to;
} rules[EVENTS] = {
	[CALL] = {IDLE, RINGING},
	[ANSWER] = {RINGING, TALKING},
	[TIME_UP] = {TALKING, OVER},
};

/* A page for each call under way. */
struct record {
	struct record *next;
	struct line *line;
	uint64_t at[EVENTS]; /* which of all that were handled each was */
};

/* From a subscriber to the one at the next processor. */
struct line {
	uint32_t event; /* raised and not yet handled, or NONE; atomic */
	uint32_t state; /* atomic */
	uint64_t raised_at;
	uint32_t called; /* of this line's calls; its subscriber's */

	/* The exchange's, in interrupts. */
	uint32_t lost, ticks;
	struct record *record;
};

static struct line lines[LAB_CPUS_MAX][LINES];
static uint32_t calls; /* of each line */

/* What each raised; what became of it in the interrupts of processor 0. */
static uint64_t raised[LAB_CPUS_MAX], timeouts;
static uint64_t handled, lost, strays;
static uint64_t waited, longest; /* from raised to handled; cycles */

/* The records to be billed, the oldest first. */
static spinlock_t lock = SPINLOCK_INIT;
static struct record *first, **last = &first;
static uint64_t billed, wrong;

/* Append: in an interrupt. */
static void put_record(struct record *record)
{
	record->next = NULL;
	spin_lock(&lock);
	*last = record;
	last = &record->next;
	spin_unlock(&lock);
}

/* Take the oldest, or NULL: the interrupt must not come in between. */
static struct record *take_record(void)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct record *record = first;

	if (record) {
		first = record->next;
		if (!first)
			last = &first;
	}
	spin_unlock_irqrestore(&lock, flags);
	return record;
}

/* GFP_ATOMIC, for this is an interrupt: at once, or not at all. */
static bool open_record(struct line *line)
{
	struct page *page = alloc_page(GFP_ATOMIC | __GFP_ZERO);

	if (!page)
		return false;
	line->record = page_address(page);
	line->record->line = line;
	line->ticks = 0;
	return true;
}

/* The state machine, in an interrupt of processor 0. */
static void step(struct line *line, enum event event)
{
	if (line->state != rules[event].from) {
		strays++;
		return;
	}
	if (event == CALL && !open_record(line)) {
		line->lost++;
		smp_store_release(&lost, lost + 1);
		return;
	}
	line->record->at[event] = ++handled;
	smp_store_release(&line->state, rules[event].to);
	if (event == TIME_UP)
		put_record(line->record);
}

static unsigned int caller(const struct line *line)
{
	return (unsigned int)(line - lines[0]) / LINES;
}

/* Whose turn is it? The called one's if it rings, the caller's if it is free
 * (there was no page, or the call is billed); else the timer's. */
static void notify(const struct line *line)
{
	if (line->state == RINGING)
		send_ipi((caller(line) + 1) % num_online_cpus(), VECTOR_BELL);
	else if (line->state == IDLE)
		send_ipi(caller(line), VECTOR_BELL);
}

/* The clocks of two processors may differ by a little. */
static void note_delay(uint64_t cycles)
{
	if ((int64_t)cycles < 0)
		return;
	waited += cycles;
	if (cycles > longest)
		longest = cycles;
}

/*
 * Several may have rung before one interrupt came, and there is but one for
 * all of them: so look at every line. Who rang sees by NONE that it was heard.
 */
static void on_ring(unsigned int vector, void *argument)
{
	unsigned int count = num_online_cpus() * LINES;

	(void)vector;
	(void)argument;
	for (struct line *line = lines[0]; line < lines[0] + count; line++) {
		enum event event = smp_load_acquire(&line->event);

		if (event == NONE)
			continue;
		note_delay(__builtin_ia32_rdtsc() - line->raised_at);
		step(line, event);
		smp_store_release(&line->event, NONE);
		notify(line);
	}
}

static void on_tick(unsigned int vector, void *argument)
{
	unsigned int count = num_online_cpus() * LINES;

	(void)vector;
	(void)argument;
	for (struct line *line = lines[0]; line < lines[0] + count; line++) {
		if (line->state != TALKING || ++line->ticks < TALK_TICKS)
			continue;
		timeouts++;
		step(line, TIME_UP);
	}
}

/* A subscriber at this processor rings the exchange. */
static void ring(struct line *line, enum event event)
{
	raised[smp_processor_id()]++;
	line->raised_at = __builtin_ia32_rdtsc();
	smp_store_release(&line->event, event);
	send_ipi(0, VECTOR_RING);
}

/*
 * In an interrupt of a subscriber's processor: call when one's line is free,
 * answer when the telephone rings. The state is read before the event: what it
 * says has been heard, or the event would still be there.
 */
static void on_bell(unsigned int vector, void *argument)
{
	unsigned int cpu = smp_processor_id();
	struct line *out = lines[cpu];
	struct line *in = lines[cpu ? cpu - 1 : num_online_cpus() - 1];

	(void)vector;
	(void)argument;
	for (unsigned int i = 0; i < LINES; i++) {
		if (smp_load_acquire(&out[i].state) == IDLE &&
		    smp_load_acquire(&out[i].event) == NONE &&
		    out[i].called < calls) {
			out[i].called++;
			ring(&out[i], CALL);
		}
		if (smp_load_acquire(&in[i].state) == RINGING &&
		    smp_load_acquire(&in[i].event) == NONE)
			ring(&in[i], ANSWER);
	}
}

/* Read the record, give its page back, free the line for the next call. */
static void bill(struct record *record)
{
	struct line *line = record->line;

	if (line->record != record || line->state != OVER ||
	    !record->at[CALL] || record->at[CALL] >= record->at[ANSWER] ||
	    record->at[ANSWER] >= record->at[TIME_UP])
		wrong++;
	__free_page(virt_to_page(record));
	billed++;
	smp_store_release(&line->state, IDLE);
	notify(line);
}

/*
 * What an interrupt can not do: wait for a page. It comes with a lease's other
 * 511, and they stay at hand when it is given back: more than there are lines.
 */
static void restock(void)
{
	__free_page(alloc_page(GFP_KERNEL));
}

/* In process context: bill until so many calls have ended, or got lost. */
static void serve(uint64_t wanted)
{
	uint64_t lost_before = 0;

	for (;;) {
		uint64_t lost_now = smp_load_acquire(&lost);
		struct record *record = take_record();

		if (record)
			bill(record);
		else if (billed + lost_now == wanted)
			return;
		if (lost_now > lost_before)
			restock();
		lost_before = lost_now;
		__builtin_ia32_pause();
	}
}

/* Every event is accounted for, and every page. */
static bool adds_up(uint64_t wanted, const struct lab_counts *before)
{
	uint64_t rung = timeouts;
	struct lab_counts after;

	for (unsigned int cpu = 0; cpu < num_online_cpus(); cpu++) {
		unsigned int failed = 0;

		for (unsigned int i = 0; i < LINES; i++)
			failed += lines[cpu][i].lost;
		rung += raised[cpu];
		printf("processor %u: %u calls, %u of them lost\n", cpu,
		       calls * LINES, failed);
	}
	printf("events: %lu raised, %lu handled, %lu dropped, %lu astray\n",
	       rung, handled, lost, strays);
	printf("records: %lu billed, %lu wrong\n", billed, wrong);
	printf("an event waited %lu cycles, at most %lu\n",
	       handled ? waited / handled : 0, longest);
	return lab_query(&after) == 0 && rung == handled + lost &&
	       strays == 0 && wrong == 0 && billed + lost == wanted &&
	       handled == billed * (EVENTS - 1) &&
	       after.pages_granted == before->pages_granted &&
	       after.mistakes == before->mistakes;
}

int main(int argc, char **argv)
{
	unsigned int count = num_online_cpus();
	struct lab_counts before;

	calls = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : CALLS;
	if (!has_apic()) {
		puts("there is no APIC here, and so no interrupt to ring with");
		return 1;
	}
	if (lab_query(&before) != 0 ||
	    request_irq(VECTOR_RING, on_ring, NULL) != 0 ||
	    request_irq(VECTOR_BELL, on_bell, NULL) != 0 ||
	    request_irq(VECTOR_TICK, on_tick, NULL) != 0 ||
	    start_timer(VECTOR_TICK, TICK, true) != 0)
		return 1;
	restock();
	for (unsigned int cpu = 0; cpu < count; cpu++)
		send_ipi(cpu, VECTOR_BELL);
	serve((uint64_t)count * LINES * calls);
	stop_timer();
	if (!adds_up((uint64_t)count * LINES * calls, &before)) {
		puts("this does not add up!");
		return 1;
	}
	puts("every event accounted for, every page given back");
	return 0;
}
