#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A minute of random grants and releases, on four processors of two guests at
# once, with failures on every path; and storms that ebb, after which most of
# what was leased has gone back.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels storm-inside.sh 6.12
tap_done
