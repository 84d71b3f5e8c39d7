# SPDX-License-Identifier: MIT
# Unit tests of guests/.
guests_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS) \
	$(XML_CFLAGS) $(UUID_CFLAGS)
guests_test_libs = vmm/libguests.a vmm/libbroker.a vmm/libwire.a \
	vmm/libbase.a $(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(XML_LIBS) $(UUID_LIBS)

check_PROGRAMS += tests/unit/domain-test
TESTS += tests/unit/domain-test
tests_unit_domain_test_SOURCES = tests/unit/domain-test.c
tests_unit_domain_test_CFLAGS = $(guests_test_cflags)
tests_unit_domain_test_LDADD = $(guests_test_libs)

check_PROGRAMS += tests/unit/store-test
TESTS += tests/unit/store-test
tests_unit_store_test_SOURCES = tests/unit/store-test.c \
	tests/unit/guests-support.h
tests_unit_store_test_CFLAGS = $(guests_test_cflags)
tests_unit_store_test_LDADD = $(guests_test_libs)

check_PROGRAMS += tests/unit/guests-test
TESTS += tests/unit/guests-test
tests_unit_guests_test_SOURCES = tests/unit/guests-test.c \
	tests/unit/guests-support.h tests/unit/broker-support.h
tests_unit_guests_test_CFLAGS = $(guests_test_cflags)
tests_unit_guests_test_LDADD = $(guests_test_libs)

check_PROGRAMS += tests/unit/console-test
TESTS += tests/unit/console-test
tests_unit_console_test_SOURCES = tests/unit/console-test.c \
	tests/unit/guests-support.h
tests_unit_console_test_CFLAGS = $(guests_test_cflags)
tests_unit_console_test_LDADD = $(guests_test_libs)

check_PROGRAMS += tests/unit/pools-test
TESTS += tests/unit/pools-test
tests_unit_pools_test_SOURCES = tests/unit/pools-test.c \
	tests/unit/guests-support.h tests/unit/broker-support.h
tests_unit_pools_test_CFLAGS = $(guests_test_cflags)
tests_unit_pools_test_LDADD = $(guests_test_libs)
