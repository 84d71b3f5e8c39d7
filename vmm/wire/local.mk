# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libwire.a
vmm_libwire_a_SOURCES = \
	vmm/wire/virnet.c \
	vmm/wire/virnet.h
