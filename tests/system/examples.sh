#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The example guests do what they say.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels examples-inside.sh 6.12
tap_done
