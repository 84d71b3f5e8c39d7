# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libmachine.a
vmm_libmachine_a_SOURCES = \
	vmm/machine/boot.c \
	vmm/machine/boot.h \
	vmm/machine/cpus.c \
	vmm/machine/cpus.h \
	vmm/machine/elf.c \
	vmm/machine/elf.h \
	vmm/machine/gate.c \
	vmm/machine/gate.h \
	vmm/machine/gpa.c \
	vmm/machine/gpa.h \
	vmm/machine/hole.c \
	vmm/machine/hole.h \
	vmm/machine/memory.c \
	vmm/machine/memory.h \
	vmm/machine/report.c \
	vmm/machine/report.h \
	vmm/machine/stats.c \
	vmm/machine/stats.h \
	vmm/machine/threads.c \
	vmm/machine/threads.h \
	vmm/machine/vcpu.c \
	vmm/machine/vcpu.h \
	vmm/machine/vcpu_setup.c \
	vmm/machine/vcpu_setup.h \
	vmm/machine/vcpu_state.h \
	vmm/machine/vm.c \
	vmm/machine/vm.h
