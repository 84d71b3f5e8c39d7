# SPDX-License-Identifier: MIT
# Unit tests of the broker and of its client.

broker_tests = \
	tests/unit/adopt-kill-test \
	tests/unit/adopt-test \
	tests/unit/after-test \
	tests/unit/backing-test \
	tests/unit/broker-audit-test \
	tests/unit/broker-test \
	tests/unit/client-admin-test \
	tests/unit/client-events-test \
	tests/unit/client-offer-test \
	tests/unit/client-rejoin-test \
	tests/unit/client-test \
	tests/unit/cutter-test \
	tests/unit/command-test \
	tests/unit/events-test \
	tests/unit/flood-test \
	tests/unit/hostile-test \
	tests/unit/journal-test \
	tests/unit/ledger-restore-test \
	tests/unit/ledger-size-test \
	tests/unit/ledger-test \
	tests/unit/offer-test \
	tests/unit/pool-test \
	tests/unit/private-test \
	tests/unit/recall-test \
	tests/unit/registry-test \
	tests/unit/scrubber-test \
	tests/unit/session-test \
	tests/unit/shortage-test \
	tests/unit/session-notice-test \
	tests/unit/taking-test \
	tests/unit/tally-test \
	tests/unit/watermark-test
check_PROGRAMS += $(broker_tests)
TESTS += $(broker_tests)

tests_unit_after_test_SOURCES = tests/unit/after-test.c
tests_unit_after_test_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_after_test_LDADD = vmm/libbroker.a vmm/libbase.a $(SYSTEMD_LIBS) \
	$(CMOCKA_LIBS)

tests_unit_broker_test_SOURCES = tests/unit/broker-test.c tests/unit/broker-support.h \
	tests/unit/loop-support.h
tests_unit_broker_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_broker_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_flood_test_SOURCES = tests/unit/flood-test.c tests/unit/broker-support.h \
	tests/unit/loop-support.h
tests_unit_flood_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_flood_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_client_admin_test_SOURCES = tests/unit/client-admin-test.c tests/unit/client-support.h \
	tests/unit/listen-support.h
tests_unit_client_admin_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_client_admin_test_LDADD = vmm/liblease.a vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_client_rejoin_test_SOURCES = tests/unit/client-rejoin-test.c tests/unit/client-support.h \
	tests/unit/broker-support.h tests/unit/listen-support.h
tests_unit_client_rejoin_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_client_rejoin_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_broker_audit_test_SOURCES = tests/unit/broker-audit-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h
tests_unit_broker_audit_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_broker_audit_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_client_offer_test_SOURCES = tests/unit/client-offer-test.c \
	tests/unit/client-support.h tests/unit/broker-support.h
tests_unit_client_offer_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_client_offer_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_client_test_SOURCES = tests/unit/client-test.c \
	tests/unit/broker-support.h tests/unit/client-support.h
tests_unit_client_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_client_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_client_events_test_SOURCES = tests/unit/client-events-test.c \
	tests/unit/broker-support.h tests/unit/client-support.h
tests_unit_client_events_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_client_events_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_adopt_kill_test_SOURCES = tests/unit/adopt-kill-test.c \
	tests/unit/broker-support.h tests/unit/adopt-support.h
tests_unit_adopt_kill_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_adopt_kill_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_adopt_test_SOURCES = tests/unit/adopt-test.c tests/unit/broker-support.h \
	tests/unit/adopt-support.h
tests_unit_adopt_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_adopt_test_LDADD = vmm/liblease.a vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_journal_test_SOURCES = tests/unit/journal-test.c tests/unit/broker-support.h
tests_unit_journal_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_journal_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_ledger_restore_test_SOURCES = tests/unit/ledger-restore-test.c \
	tests/unit/broker-support.h
tests_unit_ledger_restore_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_ledger_restore_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_ledger_size_test_SOURCES = tests/unit/ledger-size-test.c \
	tests/unit/broker-support.h tests/unit/ledger-support.h
tests_unit_ledger_size_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_ledger_size_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_ledger_test_SOURCES = tests/unit/ledger-test.c tests/unit/broker-support.h \
	tests/unit/ledger-support.h
tests_unit_ledger_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_ledger_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_backing_test_SOURCES = tests/unit/backing-test.c tests/unit/broker-support.h
tests_unit_backing_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_backing_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(UUID_LIBS)

tests_unit_pool_test_SOURCES = tests/unit/pool-test.c tests/unit/broker-support.h
tests_unit_pool_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_pool_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_scrubber_test_SOURCES = tests/unit/scrubber-test.c tests/unit/broker-support.h
tests_unit_scrubber_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_scrubber_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(UUID_LIBS)

tests_unit_session_test_SOURCES = tests/unit/session-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h
tests_unit_session_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_session_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_tally_test_SOURCES = tests/unit/tally-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h
tests_unit_tally_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_tally_test_LDADD = vmm/libbroker.a vmm/libhcall.a vmm/libshare.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_command_test_SOURCES = tests/unit/command-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h
tests_unit_command_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_command_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_hostile_test_SOURCES = tests/unit/hostile-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h
tests_unit_hostile_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_hostile_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_private_test_SOURCES = tests/unit/private-test.c
tests_unit_private_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_private_test_LDADD = vmm/liblease.a vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_events_test_SOURCES = tests/unit/events-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h tests/unit/shortage-support.h
tests_unit_events_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_events_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_shortage_test_SOURCES = tests/unit/shortage-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h tests/unit/shortage-support.h
tests_unit_shortage_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_shortage_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_session_notice_test_SOURCES = tests/unit/session-notice-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h tests/unit/shortage-support.h
tests_unit_session_notice_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_session_notice_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_taking_test_SOURCES = tests/unit/taking-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h tests/unit/shortage-support.h
tests_unit_taking_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_taking_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_recall_test_SOURCES = tests/unit/recall-test.c
tests_unit_recall_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_recall_test_LDADD = vmm/libbroker.a vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_registry_test_SOURCES = tests/unit/registry-test.c tests/unit/broker-support.h
tests_unit_registry_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_registry_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)

tests_unit_watermark_test_SOURCES = tests/unit/watermark-test.c
tests_unit_watermark_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_watermark_test_LDADD = vmm/libbroker.a vmm/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/ledger-cost
TESTS += tests/unit/ledger-cost.sh
EXTRA_DIST += tests/unit/ledger-cost.sh
tests_unit_ledger_cost_SOURCES = tests/unit/ledger-cost.c tests/unit/cost-support.h
tests_unit_ledger_cost_LDADD = vmm/libbroker.a vmm/libbase.a

check_PROGRAMS += tests/unit/metadata-test
TESTS += tests/unit/metadata-test
tests_unit_metadata_test_SOURCES = tests/unit/metadata-test.c
tests_unit_metadata_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_metadata_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc
tests_unit_metadata_test_LDADD = vmm/libbroker.a vmm/libmachine.a vmm/libmem.a vmm/libshare.a \
	vmm/libshare.a \
	vmm/libbase.a $(CMOCKA_LIBS) $(UUID_LIBS)

tests_unit_cutter_test_SOURCES = tests/unit/cutter-test.c
tests_unit_cutter_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cutter_test_LDADD = vmm/libbroker.a vmm/libbase.a $(CMOCKA_LIBS)

tests_unit_offer_test_SOURCES = tests/unit/offer-test.c tests/unit/broker-support.h \
	tests/unit/session-support.h tests/unit/shortage-support.h
tests_unit_offer_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_offer_test_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)
