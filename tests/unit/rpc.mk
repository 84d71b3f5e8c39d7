# SPDX-License-Identifier: MIT
rpc_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS) \
	$(TIRPC_CFLAGS) $(XML_CFLAGS) $(UUID_CFLAGS) $(LIBVIRT_CFLAGS)
rpc_test_libs = vmm/librpc.a vmm/libwire.a vmm/libbase.a $(SYSTEMD_LIBS) \
	$(TIRPC_LIBS) $(XML_LIBS) $(UUID_LIBS)

check_PROGRAMS += tests/unit/rpc-stub
tests_unit_rpc_stub_SOURCES = tests/unit/rpc-stub.c tests/unit/rpc-view.c \
	tests/unit/rpc-view.h
tests_unit_rpc_stub_CFLAGS = $(rpc_test_cflags)
tests_unit_rpc_stub_LDADD = $(rpc_test_libs)
