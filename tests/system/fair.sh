#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Guests that share a pool which is too small for them: who is guaranteed what,
# who is asked to give back, and who is refused.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels fair-inside.sh any
tap_done
