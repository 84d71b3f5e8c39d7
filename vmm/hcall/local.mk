# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libhcall.a
vmm_libhcall_a_SOURCES = \
	vmm/hcall/balance.c \
	vmm/hcall/balance.h \
	vmm/hcall/bulk.c \
	vmm/hcall/console.c \
	vmm/hcall/demand.c \
	vmm/hcall/demand.h \
	vmm/hcall/dispatch.c \
	vmm/hcall/dispatch.h \
	vmm/hcall/event.c \
	vmm/hcall/event.h \
	vmm/hcall/events.c \
	vmm/hcall/fail.c \
	vmm/hcall/failure.c \
	vmm/hcall/failure.h \
	vmm/hcall/kicks.c \
	vmm/hcall/kicks.h \
	vmm/hcall/grant.c \
	vmm/hcall/grant.h \
	vmm/hcall/guest.h \
	vmm/hcall/handlers.h \
	vmm/hcall/heard.c \
	vmm/hcall/heard.h \
	vmm/hcall/notice.c \
	vmm/hcall/notice.h \
	vmm/hcall/plan.c \
	vmm/hcall/plan.h \
	vmm/hcall/query.c \
	vmm/hcall/rejoin.c \
	vmm/hcall/rejoin.h \
	vmm/hcall/stats.c \
	vmm/hcall/supply.c \
	vmm/hcall/supply.h \
	vmm/hcall/tally.c \
	vmm/hcall/tally.h \
	vmm/hcall/transfer.c \
	vmm/hcall/transfer.h \
	vmm/hcall/want.c \
	vmm/hcall/want.h
