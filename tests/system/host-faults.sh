#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What broker and VMM make of system calls that fail: of each scenario a few, and
# by `make check-host-faults` all, of which docs/host-faults.md is made.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
export LABYRINTH_FAULTS_TRIES=${LABYRINTH_FAULTS_TRIES-2}
on_kernels host-faults-inside.sh any
tap_done
