#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Pools of each backing and on two NUMA nodes, which grow and shrink by virsh
# while guests hold, wait and run on. In the emulated machine: it has the nodes,
# and its huge pages are ours to set aside and to forbid.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
export LABYRINTH_TESTBED_NODES=2
on_kernels backing-inside.sh 6.1 newest
tap_done
