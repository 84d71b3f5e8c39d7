#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# VMMs that do what none should, one thing each, beside two honest guests who
# notice nothing.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels hostile-inside.sh any
tap_done
