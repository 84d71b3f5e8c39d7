# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libhcall.a
vmm_libhcall_a_SOURCES = \
	vmm/hcall/dispatch.c \
	vmm/hcall/dispatch.h
