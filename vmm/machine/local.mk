# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libmachine.a
vmm_libmachine_a_SOURCES = \
	vmm/machine/boot.c \
	vmm/machine/boot.h
