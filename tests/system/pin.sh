#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Frames that the kernel holds for a VMM after the cut, on both kernels.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels pin-inside.sh 6.1 6.12
tap_done
