#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Leases that are taken from guests and VMMs that do nothing for it.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels revoke-inside.sh 6.1 6.12
tap_done
