# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/unit/base-test
TESTS += tests/unit/base-test
tests_unit_base_test_SOURCES = tests/unit/base-test.c
tests_unit_base_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_LDADD = vmm/libbase.a $(CMOCKA_LIBS)
