# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libbroker.a
vmm_libbroker_a_SOURCES = \
	vmm/broker/ledger.c \
	vmm/broker/ledger.h \
	vmm/broker/view.h
