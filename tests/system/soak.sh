#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Guests come and go for two minutes while the pool is resized and virsh looks
# on: nothing is lost, and nothing grows. `make check-soak` has 30 minutes.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels soak-inside.sh 6.12
tap_done
