# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/unit/fail-test
TESTS += tests/unit/fail-test
tests_unit_fail_test_SOURCES = tests/unit/fail-test.c
tests_unit_fail_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_fail_test_LDADD = vmm/libmem.a vmm/libshare.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/reserve-test
TESTS += tests/unit/reserve-test
tests_unit_reserve_test_SOURCES = tests/unit/reserve-test.c
tests_unit_reserve_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_reserve_test_LDADD = vmm/libmem.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/window-test
TESTS += tests/unit/window-test
tests_unit_window_test_SOURCES = tests/unit/window-test.c
tests_unit_window_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_window_test_LDADD = vmm/libmem.a vmm/libshare.a vmm/libbase.a $(CMOCKA_LIBS)
