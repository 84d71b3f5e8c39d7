#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `labyrinth audit` is clean while three guests storm, and names each violation
# that is planted by hand.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels audit-inside.sh any
tap_done
