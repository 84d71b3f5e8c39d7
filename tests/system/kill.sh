#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A VMM killed at a random moment, twenty times, leaves the pool whole; and a
# guest that must be stopped is stopped with a report.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels kill-inside.sh any
on_kernels stopped-inside.sh any
tap_done
