#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the first touch of a granted page costs, by the host's own statistics.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels resident-inside.sh 6.1 6.12
tap_done
