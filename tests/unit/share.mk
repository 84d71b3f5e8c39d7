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

check_PROGRAMS += tests/unit/share-cost
TESTS += tests/unit/share-cost.sh
EXTRA_DIST += tests/unit/share-cost.sh tests/unit/cost.sh
tests_unit_share_cost_SOURCES = tests/unit/share-cost.c tests/unit/cost-support.h \
	tests/unit/share-support.h
tests_unit_share_cost_LDADD = vmm/libshare.a
