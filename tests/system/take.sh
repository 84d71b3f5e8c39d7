#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Leases that the broker takes by force from a guest that gives nothing back.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels take-inside.sh any
tap_done
