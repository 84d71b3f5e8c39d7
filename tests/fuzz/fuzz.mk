# SPDX-License-Identifier: MIT
TESTS += tests/fuzz/fuzz.sh
EXTRA_DIST += \
	tests/fuzz/build.mk \
	tests/fuzz/domain.c \
	tests/fuzz/elf.c \
	tests/fuzz/fuzz.sh \
	tests/fuzz/hcall.c \
	tests/fuzz/input.h \
	tests/fuzz/labyrinthd.c \
	tests/fuzz/pool.c \
	tests/fuzz/rpc.c \
	tests/fuzz/run.c \
	tests/fuzz/seeds \
	tests/fuzz/session.c \
	tests/fuzz/words.h

# Each target for a minute, or FUZZ_SECONDS, from another seed each time.
.PHONY: check-fuzz
check-fuzz: all
	+FUZZ_SECONDS=$${FUZZ_SECONDS:-60} \
	$(srcdir)/tests/alone '$(MAKE)' tests/fuzz/fuzz.sh
