# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libmem.a
vmm_libmem_a_SOURCES = \
	vmm/mem/frames.c \
	vmm/mem/frames.h \
	vmm/mem/source.h
