#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Stock virsh, at the sockets where it looks by itself, while guests run.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels virsh-inside.sh any
tap_done
