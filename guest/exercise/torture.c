/* SPDX-License-Identifier: MIT */
/*
 * Torture: what a VMM is never asked by an honest guest. Random calls with
 * random arguments, ports, addresses and MSRs, on all processors at once, the
 * same for the same seed; every one of them is answered, and the guest lives.
 * Spared is only what makes the guest itself go wrong: its own memory as a
 * buffer that the VMM writes, and MSRs that it stands on. ruin.c does not
 * spare them.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"
#include "mmu.h"
#include "ruin.h"

#define DEFAULT_CALLS 20000
#define LATEST	      16

/* One processor's. */
struct torture {
	struct dice dice;
	uint64_t latest[LATEST]; /* what GRANT said */
	uint64_t calls, answered, refused, strange;
};

static struct torture tortures[LAB_CPUS_MAX];
static uint64_t rounds; /* of each processor */

/* This processor's page, in the low room that nobody else needs: the image is
 * to fit into one lease of RAM. */
static uint8_t *own_page(void)
{
	return (uint8_t *)(LAB_LOW_END -
			   (smp_processor_id() + 1) * LAB_PAGE_SIZE);
}

static struct torture *own(void)
{
	return &tortures[smp_processor_id()];
}

static uint64_t chance(void)
{
	return dice_throw(&own()->dice);
}

/* Somewhere in our buffer, so that it may reach beyond its end. */
static uint64_t buffer(void)
{
	uint64_t at = (uint64_t)own_page();

	return chance() % 2 ? at : at + chance() % LAB_PAGE_SIZE;
}

/* An address that is not in boot RAM. */
static uint64_t elsewhere(void)
{
	const struct lab_boot_info *boot = lab_boot_info();
	uint64_t end = boot->window_base + boot->window_size;

	switch (chance() % 6) {
	case 0:
		return boot->memory + chance() % LAB_PAGE_SIZE;
	case 1:
		return boot->memory +
		       chance() % (boot->window_base - boot->memory);
	case 2:
		return end - 64 + chance() % 128;
	case 3:
		return UINT64_MAX - chance() % 128;
	case 4:
		return boot->window_base + chance() % boot->window_size;
	default:
		return chance() | UINT64_C(1) << (32 + chance() % 32);
	}
}

/* A number that means something more often than not. */
static uint64_t number(void)
{
	static const uint64_t some[] = {0,   1,	  2,   9,    10,
					255, 256, 512, 4096, 4097};

	switch (chance() % 4) {
	case 0:
		return chance();
	case 1:
		return UINT64_C(1) << chance() % 64;
	default:
		return some[chance() % (sizeof(some) / sizeof(some[0]))];
	}
}

static uint64_t argument(void)
{
	switch (chance() % 4) {
	case 0:
		return elsewhere();
	case 1:
		return own()->latest[chance() % LATEST];
	default:
		return number();
	}
}

/* Is it one of Linux's errnos that the contract names, or a value? */
static bool known(int64_t result)
{
	static const uint8_t errnos[] = {
		LAB_EPERM,   LAB_ENOENT,   LAB_EIO,    LAB_ENXIO,   LAB_E2BIG,
		LAB_EBADF,   LAB_EAGAIN,   LAB_ENOMEM, LAB_EACCES,  LAB_EFAULT,
		LAB_EINVAL,  LAB_EDOM,	   LAB_ERANGE, LAB_EDEADLK, LAB_ENOSYS,
		LAB_ENODATA, LAB_EMSGSIZE, LAB_ESTALE, LAB_EDQUOT};

	if (result >= 0)
		return true;
	for (size_t i = 0; i < sizeof(errnos); i++) {
		if (result == -(int64_t)errnos[i])
			return true;
	}
	return false;
}

/*
 * Which argument of a call is an address of a buffer; what else could end us,
 * or fill the console, is made to be refused.
 */
static void spare(uint64_t call, uint64_t args[4])
{
	uint64_t at = chance() % 2 ? buffer() : elsewhere();

	switch (call) {
	case LAB_HC_GRANT_BULK:
		args[3] = at;
		break;
	case LAB_HC_RELEASE_BULK:
		args[2] = at;
		break;
	case LAB_HC_QUERY:
	case LAB_HC_STATS:
		args[0] = at;
		break;
	case LAB_HC_EVENTS:
		args[0] = chance() % 2 ? at & -(uint64_t)LAB_STATUS_ALIGN : at;
		args[2] = chance() % 4 ? 0 : chance() % 32;
		break;
	case LAB_HC_FAIL:
		args[1] = at;
		break;
	case LAB_HC_CONSOLE:
		args[0] = elsewhere() | UINT64_C(1) << 40;
		break;
	case LAB_HC_EXIT:
		args[0] |= LAB_EXIT_MAX + 1;
		break;
	default:
		break;
	}
}

static void call(void)
{
	struct torture *self = own();
	uint64_t call = LAB_HC_BASE + chance() % (LAB_HC_MAX - LAB_HC_BASE + 2);
	uint64_t args[4];

	for (int i = 0; i < 4; i++)
		args[i] = argument();
	if (chance() % 16 == 0)
		call = chance();
	if (call == LAB_HC_GRANT && chance() % 2) { /* that may succeed */
		args[0] = (1u << chance() % 3) | __GFP_NOWARN;
		args[1] = chance() % 4;
	}
	spare(call, args);
	int64_t result =
		lab_hypercall(call, args[0], args[1], args[2], args[3]);
	self->answered++;
	self->refused += result < 0;
	self->strange += !known(result);
	if (call == LAB_HC_GRANT && result > 0) {
		/* The one that it takes the place of goes, if it is one. */
		uint64_t *place = &self->latest[chance() % LATEST];
		for (uint64_t order = 0; *place && order <= 3; order++)
			lab_hypercall(LAB_HC_RELEASE, *place, order, 0, 0);
		*place = (uint64_t)result;
	}
}

/* Any port but ours, by any width. */
static void touch_port(void)
{
	uint64_t dice = chance();
	uint16_t port = (uint16_t)dice;
	uint32_t value = (uint32_t)(dice >> 32);

	if (port / 4 == LAB_PORT / 4)
		port += 4;
	switch (dice >> 16 & 7) {
	case 0:
		__asm__ volatile("outb %%al, %1" : : "a"(value), "Nd"(port));
		break;
	case 1:
		__asm__ volatile("outw %%ax, %1" : : "a"(value), "Nd"(port));
		break;
	case 2:
		__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
		break;
	case 3:
		__asm__ volatile("inb %1, %%al" : "+a"(value) : "Nd"(port));
		break;
	case 4:
		__asm__ volatile("inw %1, %%ax" : "+a"(value) : "Nd"(port));
		break;
	case 5:
		__asm__ volatile("inl %1, %0" : "+a"(value) : "Nd"(port));
		break;
	default: { /* a row of them */
		void *at = own_page();
		uint64_t count = 1 + (dice >> 24) % 64;
		__asm__ volatile("rep insl"
				 : "+D"(at), "+c"(count)
				 : "d"(port)
				 : "memory");
	}
	}
	own()->answered++;
}

/* The window of mmu_peek() is one for all: the first processor's. */
static void touch_address(void)
{
	uint64_t at = elsewhere();
	volatile uint8_t *there = (volatile uint8_t *)at;
	uint8_t value = (uint8_t)chance();

	/* A hole of the window takes the VMM a while: seldom. */
	bool hole = at - lab_boot_info()->window_base <
		    lab_boot_info()->window_size;
	if (smp_processor_id() != 0 || (hole && chance() % 16))
		return;
	if (!hole)
		there = mmu_peek(at & CPU_PTE_ADDRESS) + at % LAB_PAGE_SIZE;
	if (chance() % 2)
		lab_probe_read(there, &value);
	else if (!hole)
		lab_probe_write(there, value);
	own()->answered++;
}

static void touch_msr(void)
{
	static const uint32_t bases[] = {0,	     0x400,	 0x40000000,
					 0xc0000000, 0xc0010000, 0x4b564d00};
	uint32_t msr = bases[chance() % 6] + (uint32_t)(chance() % 0x400);
	uint64_t value = 0;

	if (chance() % 8 == 0)
		msr = (uint32_t)chance();
	if (cpu_rdmsr_safe(msr, &value) && chance() % 2 && !ruin_stands_on(msr))
		cpu_wrmsr_safe(msr, chance() % 2 ? chance() : value);
	else if (chance() % 2 && !ruin_stands_on(msr))
		cpu_wrmsr_safe(msr, number());
	own()->answered++;
}

static void torture_here(void *argument)
{
	struct torture *self = own();

	(void)argument;
	for (; self->calls < rounds; self->calls++) {
		uint64_t kind = chance() % 16;
		if (kind < 11)
			call();
		else if (kind < 13)
			touch_port();
		else if (kind < 15)
			touch_msr();
		else
			touch_address();
	}
}

int exercise_torture(int argc, char **argv)
{
	uint64_t seed = argc > 0 ? strtoul(argv[0], NULL, 0) : 1;
	struct torture all = {0};

	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_CALLS;
	for (unsigned int i = 0; i < num_online_cpus(); i++)
		tortures[i].dice = dice_of(seed * LAB_CPUS_MAX + i);
	on_each_cpu(torture_here, NULL);
	lab_hypercall(LAB_HC_EVENTS, 0, 0, 0, 0);
	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		all.calls += tortures[i].calls;
		all.answered += tortures[i].answered;
		all.refused += tortures[i].refused;
		all.strange += tortures[i].strange;
	}
	printf("# seed %lu: %lu tries, %lu calls refused\n", seed, all.calls,
	       all.refused);
	printf("%sok 1 - every call is answered by the contract\n1..1\n",
	       all.strange == 0 && all.answered > 0 ? "" : "not ");
	if (argc > 2)
		ruin(argv[2], seed);
	return all.strange == 0 ? 0 : 1;
}
