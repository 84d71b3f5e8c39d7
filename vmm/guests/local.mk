# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libguests.a
vmm_libguests_a_SOURCES = \
	vmm/guests/act.h \
	vmm/guests/console.c \
	vmm/guests/console.h \
	vmm/guests/domain.c \
	vmm/guests/domain.h \
	vmm/guests/domain_element.c \
	vmm/guests/domain_read.c \
	vmm/guests/guests_entries.c \
	vmm/guests/guests.c \
	vmm/guests/guests.h \
	vmm/guests/launch.c \
	vmm/guests/launch.h \
	vmm/guests/guests_private.h \
	vmm/guests/rules.c \
	vmm/guests/rules.h \
	vmm/guests/rules_values.c \
	vmm/guests/pool_def.c \
	vmm/guests/pool_def.h \
	vmm/guests/pools.c \
	vmm/guests/pools.h \
	vmm/guests/pools_active.c \
	vmm/guests/pools_private.h \
	vmm/guests/guests_runs.c \
	vmm/guests/store.c \
	vmm/guests/store.h
vmm_libguests_a_CPPFLAGS = $(AM_CPPFLAGS) -DBINDIR='"$(bindir)"'
vmm_libguests_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(XML_CFLAGS) \
	$(UUID_CFLAGS)
