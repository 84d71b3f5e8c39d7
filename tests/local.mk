# SPDX-License-Identifier: MIT
# Every test speaks TAP. Unit tests and lints run where they stand; what needs
# KVM goes through tests/testbed/run, which never skips for lack of it.

TEST_EXTENSIONS = .sh .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = bash
PY_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	CC='$(CC)'; export CC;

include tests/unit/base.mk
include tests/unit/share.mk
include tests/unit/mem.mk
include tests/unit/broker.mk
include tests/unit/audit.mk
include tests/unit/machine.mk
include tests/unit/hcall.mk
include tests/unit/guests.mk
include tests/unit/rpc.mk
include tests/fuzz/fuzz.mk
include tests/lint/lint.mk
include tests/model/model.mk
include tests/system/system.mk
include tests/testbed/testbed.mk
include tests/bench/bench.mk
include tests/variants.mk

clean-local:
	rm -rf tests/fuzz/out variants

EXTRA_DIST += \
	tests/README.md \
	tests/alone \
	tests/summary \
	tests/tap.sh
