#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What an atomic grant costs the VMM's thread, seen by its system calls.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels atomic-inside.sh 6.1 6.12
tap_done
