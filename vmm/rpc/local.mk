# SPDX-License-Identifier: MIT
noinst_LIBRARIES += vmm/librpc.a
vmm_librpc_a_SOURCES = \
	vmm/rpc/act.c \
	vmm/rpc/act.h \
	vmm/rpc/peer.c \
	vmm/rpc/peer.h \
	vmm/rpc/pool_act.c \
	vmm/rpc/balloons.c \
	vmm/rpc/balloons.h \
	vmm/rpc/alloc.c \
	vmm/rpc/alloc.h \
	vmm/rpc/call.c \
	vmm/rpc/call.h \
	vmm/rpc/client.c \
	vmm/rpc/client.h \
	vmm/rpc/client_private.h \
	vmm/rpc/client_send.c \
	vmm/rpc/connect.c \
	vmm/rpc/defined.c \
	vmm/rpc/defined.h \
	vmm/rpc/domain.c \
	vmm/rpc/domain.h \
	vmm/rpc/events.c \
	vmm/rpc/events.h \
	vmm/rpc/frame.c \
	vmm/rpc/frame.h \
	vmm/rpc/handlers.h \
	vmm/rpc/host.c \
	vmm/rpc/host.h \
	vmm/rpc/limits.h \
	vmm/rpc/listen.c \
	vmm/rpc/listen.h \
	vmm/rpc/looks.c \
	vmm/rpc/looks.h \
	vmm/rpc/metadata.c \
	vmm/rpc/node.c \
	vmm/rpc/node.h \
	vmm/rpc/node_stats.c \
	vmm/rpc/params.c \
	vmm/rpc/params.h \
	vmm/rpc/program.c \
	vmm/rpc/program.h \
	vmm/rpc/roster.c \
	vmm/rpc/roster.h \
	vmm/rpc/server.c \
	vmm/rpc/server.h \
	vmm/rpc/session.h \
	vmm/rpc/stats.c \
	vmm/rpc/storage.c \
	vmm/rpc/storage.h \
	vmm/rpc/stream.c \
	vmm/rpc/stream.h \
	vmm/rpc/table.c \
	vmm/rpc/table.h \
	vmm/rpc/turns.c \
	vmm/rpc/turns.h \
	vmm/rpc/vcpus.c \
	vmm/rpc/volume.c \
	vmm/rpc/wishes.c \
	vmm/rpc/xml.c \
	vmm/rpc/xml.h
vmm_librpc_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(TIRPC_CFLAGS) \
	$(XML_CFLAGS) $(UUID_CFLAGS) $(LIBVIRT_CFLAGS)
