# SPDX-License-Identifier: MIT
# Unit tests of the audit: its parsers, and its comparison by tables.

audit_tests = \
	tests/unit/audit-compare-test \
	tests/unit/audit-frames-test \
	tests/unit/audit-maps-test \
	tests/unit/audit-snapshot-test
check_PROGRAMS += $(audit_tests)
TESTS += $(audit_tests)

audit_test_libraries = vmm/libaudit.a vmm/liblease.a vmm/libbase.a \
	$(JSON_LIBS) $(CMOCKA_LIBS)

tests_unit_audit_compare_test_SOURCES = tests/unit/audit-compare-test.c tests/unit/audit-support.h
tests_unit_audit_compare_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audit_compare_test_LDADD = $(audit_test_libraries)
tests_unit_audit_frames_test_SOURCES = tests/unit/audit-frames-test.c tests/unit/audit-support.h
tests_unit_audit_frames_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audit_frames_test_LDADD = $(audit_test_libraries)
tests_unit_audit_maps_test_SOURCES = tests/unit/audit-maps-test.c tests/unit/audit-support.h
tests_unit_audit_maps_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audit_maps_test_LDADD = $(audit_test_libraries)
tests_unit_audit_snapshot_test_SOURCES = tests/unit/audit-snapshot-test.c tests/unit/audit-support.h
tests_unit_audit_snapshot_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audit_snapshot_test_LDADD = $(audit_test_libraries)
