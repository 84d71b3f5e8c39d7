# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libguests.a
vmm_libguests_a_SOURCES = \
	vmm/guests/act.h \
	vmm/guests/guests.c \
	vmm/guests/guests.h
vmm_libguests_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(XML_CFLAGS) \
	$(UUID_CFLAGS)
