# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libmem.a
vmm_libmem_a_SOURCES = \
	vmm/mem/bits512.c \
	vmm/mem/bits512.h \
	vmm/mem/extent.c \
	vmm/mem/extent.h \
	vmm/mem/fail.c \
	vmm/mem/fail.h \
	vmm/mem/frames.c \
	vmm/mem/frames.h \
	vmm/mem/lowest.c \
	vmm/mem/lowest.h \
	vmm/mem/reserve.c \
	vmm/mem/reserve.h \
	vmm/mem/source.h
