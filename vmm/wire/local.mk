# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/libwire.a
vmm_libwire_a_SOURCES = \
	vmm/wire/procedures.h \
	vmm/wire/virnet.c \
	vmm/wire/virnet.h \
	vmm/wire/xmltext.c \
	vmm/wire/xmltext.h
nodist_vmm_libwire_a_SOURCES = \
	vmm/wire/procedures.h \
	vmm/wire/remote.c \
	vmm/wire/remote.h
vmm_libwire_a_CFLAGS = $(AM_CFLAGS) $(TIRPC_CFLAGS) $(XML_CFLAGS) $(UUID_CFLAGS)
EXTRA_DIST += vmm/wire/remote.x
BUILT_SOURCES += vmm/wire/remote.h
CLEANFILES += vmm/wire/remote.c vmm/wire/remote.h

# rpcgen names its header after the path it was given, and refuses to write
# over a file: so it runs beside its input, which stays read-only.
vmm/wire/remote.h: vmm/wire/remote.x
	$(AM_V_GEN)$(MKDIR_P) vmm/wire && out="`pwd`/$@" && \
	(cd $(srcdir)/vmm/wire && $(RPCGEN) -h remote.x) >"$$out.tmp" && \
	mv "$$out.tmp" "$$out"
vmm/wire/remote.c: vmm/wire/remote.x vmm/wire/remote.h
	$(AM_V_GEN)out="`pwd`/$@" && \
	(cd $(srcdir)/vmm/wire && $(RPCGEN) -c remote.x) >"$$out.tmp" && \
	mv "$$out.tmp" "$$out"

# Also for one who makes a single library, before BUILT_SOURCES were made.
$(vmm_libwire_a_OBJECTS) $(vmm_librpc_a_OBJECTS): vmm/wire/remote.h
