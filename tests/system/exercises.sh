#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The guest exercises, two guests side by side, on every transport that the
# kernel has, on Debian's kernels.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels exercises-inside.sh 6.1 6.12
tap_done
