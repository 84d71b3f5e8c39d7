# SPDX-License-Identifier: MIT
# A folder is a layer and a library; it includes only from layers below it.

include vmm/base/local.mk
include vmm/share/local.mk
include vmm/mem/local.mk
include vmm/wire/local.mk
include vmm/lease/local.mk
include vmm/machine/local.mk
include vmm/broker/local.mk
include vmm/audit/local.mk
include vmm/hcall/local.mk
include vmm/guests/local.mk
include vmm/rpc/local.mk

bin_PROGRAMS += vmm/labyrinth
vmm_labyrinth_SOURCES = vmm/labyrinth.c vmm/revoke.c vmm/revoke.h \
	vmm/run.c vmm/run.h \
	vmm/run_options.c vmm/run_options.h
vmm_labyrinth_CPPFLAGS = $(AM_CPPFLAGS) -DLIBEXECDIR='"$(libexecdir)"'
vmm_labyrinth_LDADD = \
	vmm/libhcall.a \
	vmm/libmachine.a \
	vmm/liblease.a \
	vmm/libmem.a \
	vmm/libshare.a \
	vmm/libshare.a \
	vmm/libbase.a

sbin_PROGRAMS += vmm/labyrinthd
vmm_labyrinthd_SOURCES = vmm/labyrinthd.c vmm/activation.c vmm/activation.h
vmm_labyrinthd_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
vmm_labyrinthd_LDADD = \
	vmm/librpc.a \
	vmm/libguests.a \
	vmm/libbroker.a \
	vmm/libwire.a \
	vmm/libbase.a \
	$(SYSTEMD_LIBS) $(TIRPC_LIBS) $(XML_LIBS) $(UUID_LIBS)

systemdsystemunit_DATA = \
	vmm/systemd/labyrinthd.service \
	vmm/systemd/labyrinthd.socket \
	vmm/systemd/labyrinthd-ro.socket \
	vmm/systemd/labyrinthd-lease.socket
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = vmm/completion/labyrinth
EXTRA_DIST += \
	vmm/systemd/labyrinthd.service.in \
	vmm/systemd/labyrinthd.socket \
	vmm/systemd/labyrinthd-ro.socket \
	vmm/systemd/labyrinthd-lease.socket
CLEANFILES += vmm/systemd/labyrinthd.service

vmm/systemd/labyrinthd.service: $(srcdir)/vmm/systemd/labyrinthd.service.in
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(SED) 's|@sbindir[@]|$(sbindir)|' \
		$(srcdir)/vmm/systemd/labyrinthd.service.in >$@

# Completion is loaded by the command's name.
install-data-hook:
	cd $(DESTDIR)$(bashcompletiondir) && $(LN_S) -f labyrinth labyrinthd

uninstall-hook:
	rm -f $(DESTDIR)$(bashcompletiondir)/labyrinthd

libexec_PROGRAMS += vmm/labyrinth-audit
vmm_labyrinth_audit_SOURCES = vmm/audit.c
vmm_labyrinth_audit_LDADD = \
	vmm/libaudit.a \
	vmm/liblease.a \
	vmm/libbase.a \
	$(JSON_LIBS)
