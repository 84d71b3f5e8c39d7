#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guest that kicks in a loop, beside another, on real KVM.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels kicks-inside.sh any
tap_done
