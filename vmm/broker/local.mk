# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libbroker.a
vmm_libbroker_a_SOURCES = \
	vmm/broker/adopt.c \
	vmm/broker/adopt.h \
	vmm/broker/admin.c \
	vmm/broker/admin.h \
	vmm/broker/audit.c \
	vmm/broker/audit.h \
	vmm/broker/backing.c \
	vmm/broker/backing.h \
	vmm/broker/broker.c \
	vmm/broker/broker.h \
	vmm/broker/channel.c \
	vmm/broker/channel.h \
	vmm/broker/connections.c \
	vmm/broker/connections.h \
	vmm/broker/guest_memfd.c \
	vmm/broker/guest_memfd.h \
	vmm/broker/journal.c \
	vmm/broker/journal.h \
	vmm/broker/ledger.c \
	vmm/broker/ledger.h \
	vmm/broker/ledger_account.c \
	vmm/broker/ledger_private.h \
	vmm/broker/ledger_validate.c \
	vmm/broker/listener.c \
	vmm/broker/listener.h \
	vmm/broker/pool.c \
	vmm/broker/pool.h \
	vmm/broker/process.c \
	vmm/broker/process.h \
	vmm/broker/proof.c \
	vmm/broker/proof.h \
	vmm/broker/queue.c \
	vmm/broker/queue.h \
	vmm/broker/recall.c \
	vmm/broker/recall.h \
	vmm/broker/registry.c \
	vmm/broker/registry.h \
	vmm/broker/session.c \
	vmm/broker/session.h \
	vmm/broker/session_serve.c \
	vmm/broker/session_private.h \
	vmm/broker/session_take.c \
	vmm/broker/shortage.c \
	vmm/broker/shortage.h \
	vmm/broker/snapshot.c \
	vmm/broker/taken.c \
	vmm/broker/taken.h \
	vmm/broker/taking.c \
	vmm/broker/taking.h \
	vmm/broker/snapshot.h \
	vmm/broker/view.c \
	vmm/broker/view.h \
	vmm/broker/watermark.c \
	vmm/broker/watermark.h
vmm_libbroker_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(UUID_CFLAGS)
