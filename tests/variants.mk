# SPDX-License-Identifier: MIT
# The tests once more, on programs that are built or run another way, in
# variants/ of the build folder. Each ends with "N passed, N failed".

# Those of instructions counted say nothing of a program that is another.
unit_tests = $(filter-out %-cost.sh,$(filter tests/unit/%,$(TESTS)))
# Valgrind runs one thread at a time, and those that spin on each other for ever.
unit_programs = $(filter-out %.sh tests/unit/share-close-test \
	tests/unit/share-storm-test tests/unit/share-stress,$(unit_tests))

# Of clients by the ten thousand ThreadSanitizer makes minutes.
threads_tests = $(filter-out tests/unit/rpc-virsh.sh \
	tests/unit/share-sanitize.sh,$(unit_tests))
sanitized_system_tests = \
	tests/system/fast.sh \
	tests/system/hostile.sh \
	tests/system/kill.sh \
	tests/system/libvirt.sh \
	tests/system/virsh-act.sh \
	tests/system/virsh-pool.sh

covering_tests = \
	tests/unit/rpc-virsh.sh \
	tests/system/activation \
	tests/system/audit.sh \
	tests/system/exercises.sh \
	tests/system/fast.sh \
	tests/system/restart.sh \
	tests/system/revoke.sh \
	tests/system/virsh-act.sh \
	tests/system/virsh-pool.sh

# What a fork of a program with threads does is not followed, but goes on.
.PHONY: check-sanitizers
check-sanitizers:
	+status=0; \
	$(srcdir)/tests/variant '$(MAKE)' variants/sanitizers/address \
		'$(unit_tests) $(sanitized_system_tests)' \
		--enable-sanitizers=address,undefined CFLAGS='-g -O1' || \
		status=$$?; \
	TSAN_OPTIONS=die_after_fork=0 \
	$(srcdir)/tests/variant '$(MAKE)' variants/sanitizers/thread \
		'$(threads_tests)' \
		--enable-sanitizers=thread CFLAGS='-g -O1' || status=$$?; \
	exec $(srcdir)/tests/summary variants/sanitizers $$status

# Programs alone: bash is not ours.
.PHONY: check-valgrind
check-valgrind: all
	+LOG_COMPILER='valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect --num-callers=20' \
	$(srcdir)/tests/alone '$(MAKE)' $(unit_programs)

# Of vmm/, by unit tests and those of whole programs; of each folder and file.
.PHONY: coverage
coverage:
	+status=0; \
	$(srcdir)/tests/variant '$(MAKE)' variants/coverage \
		'$(threads_tests) $(covering_tests)' \
		--enable-coverage CFLAGS='-g -O0' || status=$$?; \
	$(srcdir)/tests/coverage $(srcdir) variants/coverage; \
	exec $(srcdir)/tests/summary variants/coverage $$status

EXTRA_DIST += tests/coverage tests/variant
