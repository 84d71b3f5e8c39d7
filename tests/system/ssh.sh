#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From another host: labyrinth+ssh:// by a real sshd, libvirt's own helper, and
# netcat, which are unpacked and not installed.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"

fetch=$abs_top_srcdir/tests/system/fetch-clients
LABYRINTH_SSHD=$("$fetch" openssh-server bookworm)
LABYRINTH_SSH_HELPER=$("$fetch" libvirt-daemon bookworm)
LABYRINTH_NETCAT=$("$fetch" netcat-openbsd bookworm)
export LABYRINTH_SSHD LABYRINTH_SSH_HELPER LABYRINTH_NETCAT
on_kernels ssh-inside.sh any
tap_done
