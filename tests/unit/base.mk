# SPDX-License-Identifier: MIT
base_tests = tests/unit/base-test tests/unit/number-test
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_unit_base_test_SOURCES = tests/unit/base-test.c
tests_unit_base_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_LDADD = vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_number_test_SOURCES = tests/unit/number-test.c
tests_unit_number_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_number_test_LDADD = vmm/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/stranger-test
TESTS += tests/unit/stranger-test
tests_unit_stranger_test_SOURCES = tests/unit/stranger-test.c
tests_unit_stranger_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_stranger_test_LDADD = vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/meter-test
TESTS += tests/unit/meter-test
tests_unit_meter_test_SOURCES = tests/unit/meter-test.c
tests_unit_meter_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_meter_test_LDADD = vmm/libbase.a $(CMOCKA_LIBS)
