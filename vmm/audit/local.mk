# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libaudit.a
vmm_libaudit_a_SOURCES = \
	vmm/audit/ask.c \
	vmm/audit/compare.c \
	vmm/audit/compare.h \
	vmm/audit/compare_frames.c \
	vmm/audit/compare_ledger.c \
	vmm/audit/difference.c \
	vmm/audit/difference.h \
	vmm/audit/frames.c \
	vmm/audit/frames.h \
	vmm/audit/json.c \
	vmm/audit/look.c \
	vmm/audit/look.h \
	vmm/audit/maps.c \
	vmm/audit/maps.h \
	vmm/audit/print.c \
	vmm/audit/print.h \
	vmm/audit/processes.c \
	vmm/audit/processes.h \
	vmm/audit/rounds.c \
	vmm/audit/rounds.h \
	vmm/audit/snapshot.c \
	vmm/audit/snapshot.h
vmm_libaudit_a_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
