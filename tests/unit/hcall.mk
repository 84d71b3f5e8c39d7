# SPDX-License-Identifier: MIT
# Unit tests of what the calls decide, without a machine.
hcall_tests = \
	tests/unit/balance-test \
	tests/unit/demand-test \
	tests/unit/event-test \
	tests/unit/failure-test \
	tests/unit/kicks-test \
	tests/unit/levels-test \
	tests/unit/notice-test \
	tests/unit/plan-test \
	tests/unit/want-test

check_PROGRAMS += $(hcall_tests)
TESTS += $(hcall_tests)

hcall_test_libs = vmm/libhcall.a vmm/libmachine.a vmm/liblease.a \
	vmm/libmem.a vmm/libshare.a vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_balance_test_SOURCES = tests/unit/balance-test.c \
	tests/unit/hcall-support.h
tests_unit_balance_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_balance_test_LDADD = $(hcall_test_libs)

tests_unit_demand_test_SOURCES = tests/unit/demand-test.c \
	tests/unit/hcall-support.h
tests_unit_demand_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_demand_test_LDADD = $(hcall_test_libs)

tests_unit_event_test_SOURCES = tests/unit/event-test.c
tests_unit_event_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_event_test_LDADD = $(hcall_test_libs)

tests_unit_failure_test_SOURCES = tests/unit/failure-test.c
tests_unit_failure_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_failure_test_LDADD = $(hcall_test_libs)

tests_unit_kicks_test_SOURCES = tests/unit/kicks-test.c
tests_unit_kicks_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kicks_test_LDADD = $(hcall_test_libs)

tests_unit_levels_test_SOURCES = tests/unit/levels-test.c \
	tests/unit/hcall-support.h
tests_unit_levels_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_levels_test_LDADD = $(hcall_test_libs)

tests_unit_notice_test_SOURCES = tests/unit/notice-test.c \
	tests/unit/hcall-support.h
tests_unit_notice_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_notice_test_LDADD = $(hcall_test_libs)

tests_unit_plan_test_SOURCES = tests/unit/plan-test.c \
	tests/unit/hcall-support.h
tests_unit_plan_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plan_test_LDADD = $(hcall_test_libs)

tests_unit_want_test_SOURCES = tests/unit/want-test.c
tests_unit_want_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_want_test_LDADD = $(hcall_test_libs)
