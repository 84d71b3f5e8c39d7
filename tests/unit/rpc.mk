# SPDX-License-Identifier: MIT
rpc_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS) \
	$(TIRPC_CFLAGS) $(XML_CFLAGS) $(UUID_CFLAGS) $(LIBVIRT_CFLAGS)
rpc_test_libs = vmm/librpc.a vmm/libwire.a vmm/libbase.a $(SYSTEMD_LIBS) \
	$(TIRPC_LIBS) $(XML_LIBS) $(UUID_LIBS)

check_PROGRAMS += tests/unit/rpc-stub
tests_unit_rpc_stub_SOURCES = tests/unit/rpc-stub.c tests/unit/rpc-view.c \
	tests/unit/rpc-view.h tests/unit/rpc-pools.c tests/unit/rpc-pools.h
tests_unit_rpc_stub_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_stub_LDADD = vmm/librpc.a vmm/libguests.a vmm/libbroker.a $(rpc_test_libs)

check_PROGRAMS += tests/unit/virnet-test
TESTS += tests/unit/virnet-test
tests_unit_virnet_test_SOURCES = tests/unit/virnet-test.c
tests_unit_virnet_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_virnet_test_LDADD = vmm/libwire.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-program-test
TESTS += tests/unit/rpc-program-test
tests_unit_rpc_program_test_SOURCES = tests/unit/rpc-program-test.c \
	tests/unit/rpc-ask.h \
	tests/unit/rpc-packet.c tests/unit/rpc-packet.h \
	tests/unit/rpc-view.c tests/unit/rpc-view.h
tests_unit_rpc_program_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_program_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-stats-test
TESTS += tests/unit/rpc-stats-test
tests_unit_rpc_stats_test_SOURCES = tests/unit/rpc-stats-test.c \
	tests/unit/rpc-ask.h \
	tests/unit/rpc-packet.c tests/unit/rpc-packet.h \
	tests/unit/rpc-view.c tests/unit/rpc-view.h
tests_unit_rpc_stats_test_CFLAGS = $(rpc_test_cflags) -pthread
tests_unit_rpc_stats_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

rpc_peer_sources = tests/unit/rpc-packet.c tests/unit/rpc-packet.h \
	tests/unit/rpc-peer.c tests/unit/rpc-peer.h \
	tests/unit/rpc-view.c tests/unit/rpc-view.h

check_PROGRAMS += tests/unit/rpc-server-test
TESTS += tests/unit/rpc-server-test
tests_unit_rpc_server_test_SOURCES = tests/unit/rpc-server-test.c \
	$(rpc_peer_sources)
tests_unit_rpc_server_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_server_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-events-test
TESTS += tests/unit/rpc-events-test
tests_unit_rpc_events_test_SOURCES = tests/unit/rpc-events-test.c \
	$(rpc_peer_sources)
tests_unit_rpc_events_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_events_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-golden-test
TESTS += tests/unit/rpc-golden-test
tests_unit_rpc_golden_test_SOURCES = tests/unit/rpc-golden-test.c \
	tests/unit/rpc-pools.c tests/unit/rpc-pools.h $(rpc_peer_sources)
tests_unit_rpc_golden_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_golden_test_LDADD = vmm/librpc.a vmm/libguests.a vmm/libbroker.a \
	$(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-looks-test
TESTS += tests/unit/rpc-looks-test
tests_unit_rpc_looks_test_SOURCES = tests/unit/rpc-looks-test.c \
	tests/unit/rpc-view.c tests/unit/rpc-view.h
tests_unit_rpc_looks_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_looks_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-share-test
TESTS += tests/unit/rpc-share-test
tests_unit_rpc_share_test_SOURCES = tests/unit/rpc-share-test.c \
	$(rpc_peer_sources)
tests_unit_rpc_share_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_share_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-fuzz-test
TESTS += tests/unit/rpc-fuzz-test
tests_unit_rpc_fuzz_test_SOURCES = tests/unit/rpc-fuzz-test.c \
	$(rpc_peer_sources)
tests_unit_rpc_fuzz_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_fuzz_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-act-test
TESTS += tests/unit/rpc-act-test
tests_unit_rpc_act_test_SOURCES = tests/unit/rpc-act-test.c \
	tests/unit/rpc-act-support.h tests/unit/rpc-ask.h $(rpc_peer_sources)
tests_unit_rpc_act_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_act_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-off-test
TESTS += tests/unit/rpc-off-test
tests_unit_rpc_off_test_SOURCES = tests/unit/rpc-off-test.c \
	tests/unit/rpc-act-support.h tests/unit/rpc-ask.h $(rpc_peer_sources)
tests_unit_rpc_off_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_off_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/rpc-later-test
TESTS += tests/unit/rpc-later-test
tests_unit_rpc_later_test_SOURCES = tests/unit/rpc-later-test.c \
	tests/unit/rpc-act-support.h $(rpc_peer_sources)
tests_unit_rpc_later_test_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_later_test_LDADD = $(rpc_test_libs) $(CMOCKA_LIBS)
$(tests_unit_rpc_act_test_OBJECTS) $(tests_unit_rpc_off_test_OBJECTS) \
$(tests_unit_rpc_later_test_OBJECTS): \
	vmm/wire/remote.h

# They include what rpcgen makes.
$(tests_unit_rpc_golden_test_OBJECTS) \
$(tests_unit_rpc_events_test_OBJECTS) $(tests_unit_rpc_stats_test_OBJECTS) \
$(tests_unit_rpc_program_test_OBJECTS) $(tests_unit_rpc_server_test_OBJECTS) \
$(tests_unit_rpc_share_test_OBJECTS) $(tests_unit_rpc_fuzz_test_OBJECTS): \
	vmm/wire/remote.h

rpc_scripts = tests/unit/rpc-virsh.sh tests/unit/rpc-stats.sh \
	tests/unit/rpc-events.sh
TESTS += $(rpc_scripts)
EXTRA_DIST += tests/unit/golden
EXTRA_DIST += $(rpc_scripts) tests/unit/rpc-stub.sh
