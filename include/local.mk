# SPDX-License-Identifier: MIT
labyrinthincludedir = $(includedir)/labyrinth
labyrinthinclude_HEADERS = \
	include/labyrinth/audit.h \
	include/labyrinth/bootinfo.h \
	include/labyrinth/guest.h \
	include/labyrinth/hypercall.h \
	include/labyrinth/lease.h \
	include/labyrinth/mm.h \
	include/labyrinth/share.h
