#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guest that does what no honest one does, beside one that is: the VMM
# answers, or ends it with a report; neighbour and broker never notice.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
export LABYRINTH_TORTURE_TRIES=${LABYRINTH_TORTURE_TRIES:-10000}
export LABYRINTH_TORTURE_SEEDS=${LABYRINTH_TORTURE_SEEDS:-3}
on_kernels torture-inside.sh 6.12
tap_done
