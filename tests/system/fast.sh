#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Grants by the table that a guest shares with its VMM, on Debian's kernels.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels fast-inside.sh 6.1 6.12
tap_done
