# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libbase.a
vmm_libbase_a_SOURCES = \
	vmm/base/cleanup.h \
	vmm/base/err.c \
	vmm/base/err.h \
	vmm/base/fd.c \
	vmm/base/fd.h \
	vmm/base/kvm_compat.h \
	vmm/base/log.c \
	vmm/base/log.h \
	vmm/base/number.c \
	vmm/base/number.h \
	vmm/base/probe.h \
	vmm/base/meter.c \
	vmm/base/meter.h \
	vmm/base/pages.c \
	vmm/base/pages.h \
	vmm/base/program.c \
	vmm/base/program.h \
	vmm/base/size.c \
	vmm/base/size.h \
	vmm/base/spin.h \
	vmm/base/standard.c \
	vmm/base/standard.h \
	vmm/base/stranger.c \
	vmm/base/stranger.h
