# SPDX-License-Identifier: MIT
# The guest side: freestanding, knows include/labyrinth and itself. A builder's
# CFLAGS come after these; guest/freestanding.h refuses those that hurt.
# labyrinth-guest.pc.in tells the same flags to guests out of tree.

GUEST_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/guest -I$(top_srcdir)/vmm
GUEST_CFLAGS = -std=gnu11 -Wall -Wextra -Wshadow -Wvla -Wpointer-arith \
	-Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings \
	-Wformat=2 -Wundef $(WERROR) \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fcf-protection=none -mno-red-zone -mgeneral-regs-only \
	-fno-asynchronous-unwind-tables
GUEST_LINK_FLAGS = -static -nostdlib \
	-Wl,-T,$(top_srcdir)/guest/guest.lds -Wl,--build-id=none

# The name of an object follows its library's flags: one without any of its
# own makes start.o, which is installed as it is.
guestdir = $(pkglibdir)
guest_LIBRARIES = guest/liblabyrinth-guest.a
guest_DATA = guest/start.o
dist_guest_DATA = guest/guest.lds
noinst_LIBRARIES += guest/libstart.a
guest_libstart_a_SOURCES = guest/start.S

guest_liblabyrinth_guest_a_CPPFLAGS = $(GUEST_CPPFLAGS)
guest_liblabyrinth_guest_a_CFLAGS = $(GUEST_CFLAGS)
guest_liblabyrinth_guest_a_SOURCES = \
	guest/apic.c \
	guest/apic.h \
	guest/boot.c \
	guest/boot.h \
	guest/callee.h \
	guest/console.c \
	guest/console.h \
	guest/cpu.h \
	guest/excl.c \
	guest/excl.h \
	guest/fail.c \
	guest/fast.c \
	guest/fast.h \
	guest/freestanding.h \
	guest/hcall.c \
	guest/hcall.h \
	guest/init.c \
	guest/irq.c \
	guest/irq.h \
	guest/mm.c \
	guest/mm.h \
	guest/mmu.c \
	guest/mmu.h \
	guest/pages.c \
	guest/percpu.h \
	guest/pressure.c \
	guest/pressure.h \
	guest/output.c \
	guest/printf.c \
	guest/process.c \
	guest/notice.c \
	guest/notice.h \
	guest/segment.c \
	guest/segment.h \
	guest/smp.c \
	guest/smp.h \
	guest/spinlock.c \
	guest/spinlock.h \
	guest/stats.c \
	guest/string.c \
	guest/trampoline.S \
	guest/tree.c \
	guest/tree.h \
	guest/trap.c \
	guest/trap.h \
	guest/user.S \
	guest/vectors.S \
	$(SHARE_SOURCES)

# Link a guest: start-up code first, the library last.
GUEST_LIBS = guest/start.o guest/liblabyrinth-guest.a
GUEST_LINK_FILES = $(GUEST_LIBS) $(top_srcdir)/guest/guest.lds

guest_PROGRAMS = guest/labyrinth-demo.elf
guest_labyrinth_demo_elf_CPPFLAGS = $(GUEST_CPPFLAGS)
guest_labyrinth_demo_elf_CFLAGS = $(GUEST_CFLAGS)
guest_labyrinth_demo_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_labyrinth_demo_elf_LDADD = $(GUEST_LIBS)
guest_labyrinth_demo_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_labyrinth_demo_elf_SOURCES = \
	guest/exercise/atomic.c \
	guest/exercise/binding.c \
	guest/exercise/block.c \
	guest/exercise/block.h \
	guest/exercise/bulk.c \
	guest/exercise/calls.c \
	guest/exercise/context.c \
	guest/exercise/counts.c \
	guest/exercise/drain.c \
	guest/exercise/drain.h \
	guest/exercise/ebb.c \
	guest/exercise/exclusive.c \
	guest/exercise/exclusive.h \
	guest/exercise/exercise.h \
	guest/exercise/fail.c \
	guest/exercise/fail-nth.c \
	guest/exercise/fast.c \
	guest/exercise/faults.c \
	guest/exercise/grant.c \
	guest/exercise/greedy.c \
	guest/exercise/hold.c \
	guest/exercise/interrupts.c \
	guest/exercise/keep.c \
	guest/exercise/later.c \
	guest/exercise/levels.c \
	guest/exercise/library.c \
	guest/exercise/main.c \
	guest/exercise/modest.c \
	guest/exercise/needy.c \
	guest/exercise/notice.c \
	guest/exercise/pressure.c \
	guest/exercise/pressure-cases.h \
	guest/exercise/probe.c \
	guest/exercise/process.c \
	guest/exercise/protection.c \
	guest/exercise/release.c \
	guest/exercise/reserve.c \
	guest/exercise/resident.c \
	guest/exercise/ring3.S \
	guest/exercise/ruin.c \
	guest/exercise/ruin.h \
	guest/exercise/kicks.c \
	guest/exercise/scribble.c \
	guest/exercise/selftest.c \
	guest/exercise/selftest.h \
	guest/exercise/settle.c \
	guest/exercise/settle.h \
	guest/exercise/shortage.c \
	guest/exercise/smp.c \
	guest/exercise/smp.h \
	guest/exercise/stats.c \
	guest/exercise/storm.c \
	guest/exercise/tap.c \
	guest/exercise/tap.h \
	guest/exercise/together.c \
	guest/exercise/torture.c \
	guest/exercise/user.S

noinst_PROGRAMS += guest/render.elf
guest_render_elf_CPPFLAGS = -I$(top_srcdir)/include
guest_render_elf_CFLAGS = $(GUEST_CFLAGS)
guest_render_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_render_elf_LDADD = $(GUEST_LIBS)
guest_render_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_render_elf_SOURCES = guest/examples/render.c

noinst_PROGRAMS += guest/exchange.elf
guest_exchange_elf_CPPFLAGS = -I$(top_srcdir)/include
guest_exchange_elf_CFLAGS = $(GUEST_CFLAGS)
guest_exchange_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_exchange_elf_LDADD = $(GUEST_LIBS)
guest_exchange_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_exchange_elf_SOURCES = guest/examples/exchange.c

noinst_PROGRAMS += guest/track.elf
guest_track_elf_CPPFLAGS = -I$(top_srcdir)/include
guest_track_elf_CFLAGS = $(GUEST_CFLAGS)
guest_track_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_track_elf_LDADD = $(GUEST_LIBS)
guest_track_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_track_elf_SOURCES = guest/examples/track.c

noinst_PROGRAMS += guest/labyrinth-bench.elf
guest_labyrinth_bench_elf_CPPFLAGS = $(GUEST_CPPFLAGS)
guest_labyrinth_bench_elf_CFLAGS = $(GUEST_CFLAGS)
guest_labyrinth_bench_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_labyrinth_bench_elf_LDADD = $(GUEST_LIBS)
guest_labyrinth_bench_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_labyrinth_bench_elf_SOURCES = \
	guest/bench/bench.h \
	guest/bench/give.c \
	guest/bench/main.c \
	guest/bench/pair.c \
	guest/bench/tail.c

noinst_PROGRAMS += guest/hello.elf
guest_hello_elf_CPPFLAGS = -I$(top_srcdir)/include
guest_hello_elf_CFLAGS = $(GUEST_CFLAGS)
guest_hello_elf_LDFLAGS = $(GUEST_LINK_FLAGS)
guest_hello_elf_LDADD = $(GUEST_LIBS)
guest_hello_elf_DEPENDENCIES = $(GUEST_LINK_FILES)
guest_hello_elf_SOURCES = guest/hello.c

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = guest/labyrinth-guest.pc
