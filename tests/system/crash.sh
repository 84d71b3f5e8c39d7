#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Broker and VMM killed at every step of the protocol and at random points;
# what the surroundings may ask of it is said in crash-inside.sh.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels crash-inside.sh any
tap_done
