# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libhcall.a
vmm_libhcall_a_SOURCES = \
	vmm/hcall/bulk.c \
	vmm/hcall/console.c \
	vmm/hcall/dispatch.c \
	vmm/hcall/dispatch.h \
	vmm/hcall/fail.c \
	vmm/hcall/grant.c \
	vmm/hcall/grant.h \
	vmm/hcall/guest.h \
	vmm/hcall/handlers.h \
	vmm/hcall/listener.c \
	vmm/hcall/listener.h \
	vmm/hcall/query.c \
	vmm/hcall/stats.c
