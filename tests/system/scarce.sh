#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A host that is short of everything. It sets the clock, so never on the
# machine's own Linux.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels scarce-inside.sh 6.12
tap_done
