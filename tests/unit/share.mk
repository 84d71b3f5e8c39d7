# SPDX-License-Identifier: MIT
# Unit tests of the table that guest and VMM share.
share_tests = \
	tests/unit/share-close-test \
	tests/unit/share-storm-test \
	tests/unit/share-test
check_PROGRAMS += $(share_tests)
TESTS += $(share_tests)

tests_unit_share_test_SOURCES = \
	tests/unit/share-model.c \
	tests/unit/share-model.h \
	tests/unit/share-support.h \
	tests/unit/share-test.c
tests_unit_share_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_share_test_LDADD = vmm/libshare.a $(CMOCKA_LIBS)

tests_unit_share_close_test_SOURCES = tests/unit/share-close-test.c \
	tests/unit/share-support.h
tests_unit_share_close_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_share_close_test_LDADD = vmm/libshare.a $(CMOCKA_LIBS)

tests_unit_share_storm_test_SOURCES = tests/unit/share-storm-test.c \
	tests/unit/share-support.h
tests_unit_share_storm_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_share_storm_test_LDADD = vmm/libshare.a $(CMOCKA_LIBS)

# Compiled once more with sanitizers, and with pauses, by their scripts.
check_PROGRAMS += tests/unit/share-stress tests/unit/share-hostile
TESTS += tests/unit/share-stress tests/unit/share-hostile \
	tests/unit/share-sanitize.sh
EXTRA_DIST += tests/unit/share-pause.h tests/unit/share-sanitize.sh
tests_unit_share_stress_SOURCES = \
	tests/unit/share-history.c \
	tests/unit/share-history.h \
	tests/unit/share-stress.c \
	tests/unit/share-support.h \
	tests/unit/share-worker.c \
	tests/unit/share-worker.h
tests_unit_share_stress_LDADD = vmm/libshare.a
tests_unit_share_hostile_SOURCES = tests/unit/share-hostile.c \
	tests/unit/share-support.h
tests_unit_share_hostile_LDADD = vmm/libshare.a

# Longer than the check has time for.
.PHONY: check-stress
check-stress: tests/unit/share-stress$(EXEEXT)
	tests/unit/share-stress 10000000 4
	tests/unit/share-stress 10000000 8

check_PROGRAMS += tests/unit/share-cost
TESTS += tests/unit/share-cost.sh
EXTRA_DIST += tests/unit/share-cost.sh tests/unit/cost.sh
tests_unit_share_cost_SOURCES = tests/unit/share-cost.c tests/unit/cost-support.h \
	tests/unit/share-support.h
tests_unit_share_cost_LDADD = vmm/libshare.a
