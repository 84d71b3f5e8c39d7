#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The broker killed and upgraded under its guests, which run on; the next one
# adopts them.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels restart-inside.sh any
tap_done
