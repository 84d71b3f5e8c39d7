#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A pool's life by stock virsh alone.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels virsh-pool-inside.sh any
tap_done
