/* SPDX-License-Identifier: MIT */
#include "freestanding.h"

#include "ruin.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"

#define TRIES 64

bool ruin_stands_on(uint32_t msr)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x10, 0x12},		  /* time, and where KVM writes it */
		{0x1b, 0x1b},		  /* the local APIC's place and mode */
		{0x3b, 0x3b},		  /* the time's adjustment */
		{0x174, 0x17b},		  /* calls, machine checks */
		{0x1d9, 0x1d9},		  /* debug exceptions */
		{0x200, 0x2ff},		  /* kinds of memory */
		{0x400, 0x47f},		  /* machine checks */
		{0x6e0, 0x6e0},		  /* the timer's deadline */
		{0x800, 0x8ff},		  /* the local APIC */
		{0x40000000, 0x400001ff}, /* Hyper-V's, pages in our memory */
		{0x4b564d00, 0x4b564dff}, /* KVM's, likewise */
		{0xc0000080, 0xc0000084}, /* EFER, calls */
		{0xc0000100, 0xc0000103}, /* segments */
		{0xc0010015, 0xc0010015}, /* the processor's own mistakes */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (msr >= ranges[i].first && msr <= ranges[i].last)
			return true;
	}
	return false;
}

/* Somewhere: what is mapped, what is not, and what is no address. */
static void jump(struct dice *dice)
{
	uint64_t at = dice_throw(dice) >> dice_throw(dice) % 64;

	((void (*)(void))at)();
}

/* Bytes that nobody has written for a processor. */
static void code(struct dice *dice)
{
	struct page *page = alloc_page(GFP_KERNEL);
	uint64_t *words = page_address(page);

	if (page == NULL)
		return;
	for (size_t i = 0; i < LAB_PAGE_SIZE / sizeof(*words); i++)
		words[i] = dice_throw(dice);
	/* Pages of the window may not be executed, and all may be written:
	 * without NX and write protection they may. */
	cpu_wrmsr(CPU_MSR_EFER, cpu_rdmsr(CPU_MSR_EFER) & ~CPU_EFER_NXE);
	((void (*)(void))words)();
}

static void triple(struct dice *dice)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = {0, dice_throw(dice)};

	__asm__ volatile("lidt %0; int3" : : "m"(none));
}

static void registers(struct dice *dice)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t bit = UINT64_C(1) << dice_throw(dice) % 64;
		switch (dice_throw(dice) % 3) {
		case 0:
			cpu_write_cr0(cpu_read_cr0() ^ bit);
			break;
		case 1:
			cpu_write_cr3(cpu_read_cr3() ^ bit);
			break;
		default:
			cpu_write_cr4(cpu_read_cr4() ^ bit);
		}
	}
}

static void msr(struct dice *dice)
{
	static const uint32_t some[] = {
		CPU_MSR_EFER, CPU_MSR_GS_BASE, 0x1b,	   0x277,
		0x2ff,	      0x830,	       0x400,	   0x11,
		0x12,	      0x4b564d00,      0x4b564d01, 0x4b564d02,
		0x4b564d03,   0x4b564d04,      0x80b,	   0xc0000102};

	for (int i = 0; i < TRIES; i++)
		cpu_wrmsr_safe(some[dice_throw(dice) % 16],
			       dice_throw(dice) >> dice_throw(dice) % 64);
}

void ruin(const char *how, uint64_t seed)
{
	static const struct {
		const char *name;
		void (*run)(struct dice *dice);
	} ways[] = {{"jump", jump},
		    {"code", code},
		    {"triple", triple},
		    {"registers", registers},
		    {"msr", msr}};
	struct dice dice = dice_of(seed);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(how, ways[i].name) == 0) {
			printf("# about to go wrong: %s\n", how);
			ways[i].run(&dice);
			puts("# it did no harm");
		}
	}
}
