# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/liblease.a
vmm_liblease_a_SOURCES = \
	vmm/lease/client.c \
	vmm/lease/client.h \
	vmm/lease/client_admin.c \
	vmm/lease/client_admin.h \
	vmm/lease/client_private.h \
	vmm/lease/client_wire.c \
	vmm/lease/private.c \
	vmm/lease/private.h
vmm_liblease_a_CPPFLAGS = $(AM_CPPFLAGS) -DSBINDIR='"$(sbindir)"'
