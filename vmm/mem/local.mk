# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libmem.a
vmm_libmem_a_SOURCES = \
	vmm/mem/fail.c \
	vmm/mem/fail.h \
	vmm/mem/lowest.c \
	vmm/mem/lowest.h \
	vmm/mem/reserve.c \
	vmm/mem/reserve.h \
	vmm/mem/source.h \
	vmm/mem/window.c \
	vmm/mem/window.h
