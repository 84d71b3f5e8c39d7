# SPDX-License-Identifier: MIT
# Figures, beside their peers: make bench, or make bench FIGURES='start lease'.

bench_programs = \
	tests/bench/exit-floor \
	tests/bench/first-line \
	tests/bench/lease-calls \
	tests/bench/pvh-hello \
	tests/bench/touch-memory
check_PROGRAMS += $(bench_programs)
CLEANFILES += bench.json bench.svg bench-pool.svg
tests_bench_exit_floor_SOURCES = tests/bench/exit-floor.c tests/bench/bench.h
tests_bench_first_line_SOURCES = tests/bench/first-line.c tests/bench/bench.h
tests_bench_lease_calls_SOURCES = tests/bench/lease-calls.c tests/bench/bench.h
tests_bench_lease_calls_LDADD = vmm/liblease.a vmm/libbase.a
# For other machines: a Linux guest without libraries, and one without Linux.
# A sanitizer would want both.
tests_bench_touch_memory_SOURCES = tests/bench/touch-memory.c tests/bench/bench.h
tests_bench_touch_memory_CFLAGS = -std=gnu11 -Wall -Wextra $(WERROR)
tests_bench_touch_memory_LDFLAGS = -static
tests_bench_pvh_hello_SOURCES = tests/bench/pvh-hello.S
tests_bench_pvh_hello_CFLAGS =
tests_bench_pvh_hello_LDFLAGS = -nostdlib -static -Wl,-Ttext=0x100000 \
	-Wl,--build-id=none

TESTS += tests/bench/smoke.sh
EXTRA_DIST += \
	tests/bench/bench.sh \
	tests/bench/calls-bench \
	tests/bench/give-bench \
	tests/bench/lease-bench \
	tests/bench/libvirt-bench \
	tests/bench/libvirt-trips \
	tests/bench/linux-guest \
	tests/bench/linux-headers \
	tests/bench/linux-initrd \
	tests/bench/linux/Kbuild \
	tests/bench/linux/alloc-pair.c \
	tests/bench/linux/init \
	tests/bench/packages \
	tests/bench/pair-bench \
	tests/bench/pool-bench \
	tests/bench/report \
	tests/bench/run \
	tests/bench/smoke.sh \
	tests/bench/start-bench \
	tests/bench/tail-bench \
	tests/bench/window-bench

.PHONY: bench
bench: all $(check_PROGRAMS)
	@abs_top_srcdir='$(abs_top_srcdir)' \
	abs_top_builddir='$(abs_top_builddir)' \
	bash $(srcdir)/tests/bench/run $(FIGURES)
