#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Clients of Debian's other suites, newer than the machine's own: virsh of
# bookworm-backports and virt-top of trixie, while guests run.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"

fetch=$abs_top_srcdir/tests/system/fetch-clients
LABYRINTH_NEW_VIRSH=$("$fetch" libvirt-clients bookworm bookworm-backports)
LABYRINTH_NEW_TOP=$("$fetch" virt-top trixie)
export LABYRINTH_NEW_VIRSH LABYRINTH_NEW_TOP
on_kernels clients-inside.sh any
tap_done
