# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/librpc.a
vmm_librpc_a_SOURCES = \
	vmm/rpc/server.c \
	vmm/rpc/server.h
