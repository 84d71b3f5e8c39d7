# SPDX-License-Identifier: MIT
# The guest library is made of the same files, but for validation.
SHARE_SOURCES = \
	vmm/share/child.h \
	vmm/share/index.c \
	vmm/share/index.h \
	vmm/share/map.c \
	vmm/share/map.h \
	vmm/share/share.h \
	vmm/share/share_bulk.c \
	vmm/share/share_grant.c \
	vmm/share/share_lease.c \
	vmm/share/share_private.h \
	vmm/share/share_release.c \
	vmm/share/share_table.c \
	vmm/share/word.h

noinst_LIBRARIES += vmm/libshare.a
vmm_libshare_a_SOURCES = $(SHARE_SOURCES) vmm/share/share_validate.c
