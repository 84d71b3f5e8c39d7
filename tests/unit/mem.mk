# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/unit/frames-test
TESTS += tests/unit/frames-test
tests_unit_frames_test_SOURCES = \
	tests/unit/frames-model.c \
	tests/unit/frames-model.h \
	tests/unit/frames-test.c
tests_unit_frames_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_frames_test_LDADD = vmm/libmem.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frames-close-test
TESTS += tests/unit/frames-close-test
tests_unit_frames_close_test_SOURCES = tests/unit/frames-close-test.c
tests_unit_frames_close_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_frames_close_test_LDADD = vmm/libmem.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frames-storm-test
TESTS += tests/unit/frames-storm-test
tests_unit_frames_storm_test_SOURCES = tests/unit/frames-storm-test.c
tests_unit_frames_storm_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_frames_storm_test_LDADD = vmm/libmem.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/fail-test
TESTS += tests/unit/fail-test
tests_unit_fail_test_SOURCES = tests/unit/fail-test.c
tests_unit_fail_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_fail_test_LDADD = vmm/libmem.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/reserve-test
TESTS += tests/unit/reserve-test
tests_unit_reserve_test_SOURCES = tests/unit/reserve-test.c
tests_unit_reserve_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_reserve_test_LDADD = vmm/libmem.a $(CMOCKA_LIBS)
