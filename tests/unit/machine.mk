# SPDX-License-Identifier: MIT
machine_tests = \
	tests/unit/elf-test \
	tests/unit/gate-test \
	tests/unit/memory-test \
	tests/unit/stats-test

check_PROGRAMS += $(machine_tests)
TESTS += $(machine_tests)

tests_unit_elf_test_SOURCES = tests/unit/elf-test.c
tests_unit_elf_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_elf_test_LDADD = vmm/libmachine.a vmm/libmem.a vmm/libshare.a vmm/libbase.a \
	$(CMOCKA_LIBS)

tests_unit_gate_test_SOURCES = tests/unit/gate-test.c
tests_unit_gate_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gate_test_LDADD = vmm/libmachine.a $(CMOCKA_LIBS)

tests_unit_memory_test_SOURCES = tests/unit/memory-test.c
tests_unit_memory_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_memory_test_LDADD = vmm/libmachine.a vmm/libmem.a vmm/libshare.a vmm/libbase.a \
	$(CMOCKA_LIBS)

tests_unit_stats_test_SOURCES = tests/unit/stats-test.c
tests_unit_stats_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_stats_test_LDADD = vmm/libmachine.a $(CMOCKA_LIBS)
