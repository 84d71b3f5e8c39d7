# SPDX-License-Identifier: MIT
system_tests = \
	tests/system/atomic.sh \
	tests/system/activation \
	tests/system/audit.sh \
	tests/system/clients.sh \
	tests/system/completion.sh \
	tests/system/crash.sh \
	tests/system/backing.sh \
	tests/system/examples.sh \
	tests/system/exercises.sh \
	tests/system/fail.sh \
	tests/system/fair.sh \
	tests/system/fast.sh \
	tests/system/guest-memfd.sh \
	tests/system/host-faults.sh \
	tests/system/hostile.sh \
	tests/system/install.sh \
	tests/system/kill.sh \
	tests/system/libvirt.sh \
	tests/system/kicks.sh \
	tests/system/pin.sh \
	tests/system/refuse.sh \
	tests/system/resident.sh \
	tests/system/restart.sh \
	tests/system/revoke.sh \
	tests/system/soak.sh \
	tests/system/ssh.sh \
	tests/system/scarce.sh \
	tests/system/storm.sh \
	tests/system/take.sh \
	tests/system/torture.sh \
	tests/system/virsh.sh \
	tests/system/virsh-act.sh \
	tests/system/virsh-pool.sh

TESTS += $(system_tests)
check_PROGRAMS += tests/system/without-ioctl
tests_system_without_ioctl_SOURCES = tests/system/without-ioctl.c
check_PROGRAMS += tests/system/hold
tests_system_hold_SOURCES = tests/system/hold.c
check_PROGRAMS += tests/system/kill-at
tests_system_kill_at_SOURCES = tests/system/kill-at.c tests/system/tracee.c \
	tests/system/tracee.h
check_PROGRAMS += tests/system/fault-at
tests_system_fault_at_SOURCES = tests/system/fault-at.c tests/system/tracee.c \
	tests/system/tracee.h
check_PROGRAMS += tests/system/plant tests/system/liar
tests_system_plant_SOURCES = tests/system/plant.c
tests_system_plant_CFLAGS = $(AM_CFLAGS) -pthread
tests_system_plant_LDADD = vmm/liblease.a vmm/libbase.a
tests_system_liar_SOURCES = tests/system/liar.c
tests_system_liar_LDADD = vmm/libbase.a
check_PROGRAMS += tests/system/hostile
tests_system_hostile_SOURCES = tests/system/hostile.c tests/system/hostile.h \
	tests/system/hostile_files.c tests/system/hostile_vmm.c
tests_system_hostile_CFLAGS = $(AM_CFLAGS) -pthread
tests_system_hostile_LDADD = vmm/libbase.a
check_PROGRAMS += tests/system/guest-memfd
tests_system_guest_memfd_SOURCES = tests/system/guest-memfd.c \
	tests/system/guest-memfd-support.h
tests_system_guest_memfd_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_system_guest_memfd_LDADD = vmm/libbroker.a vmm/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/system/guest-memfd-lease
tests_system_guest_memfd_lease_SOURCES = tests/system/guest-memfd-lease.c \
	tests/system/guest-memfd-support.h tests/system/hanging.h \
	tests/system/stuck-vm.h
tests_system_guest_memfd_lease_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/tests/unit
tests_system_guest_memfd_lease_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SYSTEMD_CFLAGS) \
	-pthread
tests_system_guest_memfd_lease_LDADD = vmm/libbroker.a vmm/libbase.a \
	$(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(UUID_LIBS)
check_PROGRAMS += tests/system/hanging-files
tests_system_hanging_files_SOURCES = tests/system/hanging-files.c tests/system/hanging.h
tests_system_hanging_files_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_system_hanging_files_LDADD = vmm/libaudit.a vmm/libbroker.a vmm/liblease.a \
	vmm/libbase.a $(CMOCKA_LIBS)
EXTRA_DIST += $(system_tests) \
	tests/system/atomic-inside.sh \
	tests/system/audit-inside.sh \
	tests/system/backing-inside.sh \
	tests/system/broker.sh \
	tests/system/clients-inside.sh \
	tests/system/crash-inside.sh \
	tests/system/crash-world.sh \
	tests/system/demo.sh \
	tests/system/demo-inside.sh \
	tests/system/examples-inside.sh \
	tests/system/exercises-inside.sh \
	tests/system/fail-inside.sh \
	tests/system/fair-inside.sh \
	tests/system/fast-inside.sh \
	tests/system/fetch-clients \
	tests/system/guest-memfd-inside.sh \
	tests/system/faults_world.py \
	tests/system/faults_tries.py \
	tests/system/host-faults-inside.sh \
	tests/system/hostile-inside.sh \
	tests/system/install-inside.sh \
	tests/system/kill-inside.sh \
	tests/system/kernels.sh \
	tests/system/libvirt-client.py \
	tests/system/libvirt-inside.sh \
	tests/system/resident-inside.sh \
	tests/system/kicks-inside.sh \
	tests/system/pin-inside.sh \
	tests/system/restart-inside.sh \
	tests/system/stopped-inside.sh \
	tests/system/revoke-inside.sh \
	tests/system/ssh-inside.sh \
	tests/system/take-inside.sh \
	tests/system/torture-inside.sh \
	tests/system/soak-inside.sh \
	tests/system/scarce-inside.sh \
	tests/system/scarce-world.sh \
	tests/system/storm-inside.sh \
	tests/system/virsh-inside.sh \
	tests/system/virsh-act-inside.sh \
	tests/system/virsh-pool-inside.sh

# Hundreds of kills: every victim at every probe, and 500 random points.
.PHONY: check-crash
check-crash: all
	LABYRINTH_CRASH_VICTIMS='self other both' LABYRINTH_CRASH_POINTS=500 \
	LABYRINTH_TEST_TIMEOUT=7200 $(MAKE) check TESTS=tests/system/crash.sh

CLEANFILES += tests/system/host-faults.table
# Each call of broker and VMM fails, the first, the last and one between, with
# each errno that it may have. What came of it replaces the table in docs/.
.PHONY: check-host-faults
check-host-faults: all
	+LABYRINTH_FAULTS_TRIES= LABYRINTH_TEST_TIMEOUT=43200 \
	$(srcdir)/tests/alone '$(MAKE)' tests/system/host-faults.sh
	sed '/^|---|---|---|---|$$/q' $(srcdir)/docs/host-faults.md | \
	cat - tests/system/host-faults.table >host-faults.new
	mv host-faults.new $(srcdir)/docs/host-faults.md

# On guest_memfd all that is tested of other leases, and as long.
.PHONY: check-guest-memfd
check-guest-memfd: all
	LABYRINTH_TEST_WHOLE=1 LABYRINTH_TEST_TIMEOUT=3600 \
	$(MAKE) check TESTS=tests/system/guest-memfd.sh

# Half an hour of what the check has two minutes of, from another seed.
.PHONY: check-soak
check-soak: all
	+LABYRINTH_SOAK_SECONDS=1800 LABYRINTH_TEST_TIMEOUT=3600 \
	$(srcdir)/tests/alone '$(MAKE)' tests/system/soak.sh

# A million tries of a hostile guest, and fifty ways of each kind to go wrong.
.PHONY: check-torture
check-torture: all
	+LABYRINTH_TORTURE_TRIES=1000000 LABYRINTH_TORTURE_SEEDS=50 \
	LABYRINTH_TEST_TIMEOUT=7200 \
	$(srcdir)/tests/alone '$(MAKE)' tests/system/torture.sh

.PHONY: demo
demo: all
	@abs_top_srcdir='$(abs_top_srcdir)' \
	abs_top_builddir='$(abs_top_builddir)' \
	bash $(srcdir)/tests/system/demo.sh
