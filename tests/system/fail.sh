#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Failures on purpose: what --fail refuses, and, on both transports, that no
# failure of a grant, a lease or a mapping hangs, crashes or loses a page.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
labyrinth=$abs_top_builddir/vmm/labyrinth

# refused TEXT PATTERN: --fail=TEXT, or another option where it begins with --.
refused() {
    local option=$1 status=0 said
    [[ $option == --* ]] || option=--fail=$option
    said=$("$labyrinth" run "$option" x 2>&1) || status=$?
    tap_is "$option: exit status" "$status" 125
    tap_like "$option: says why" "$said" "$2"
}
refused fast '`fast` begins with none of `hypercall:` `lease:` `map:` `local:` `refill:`'
refused hypercall:nth '`nth` is no attribute with a value'
refused hypercall:often=1 '`often` is no attribute'
refused hypercall:probability=101 'a number from 0 to 100'
refused hypercall:nth=1x 'nth is a number'
refused lease:interval=2 'makes nothing fail'
refused --fail-seed=now '`now` is no number'
refused --fail-seed=-1 '`-1` is no number'
refused --fail-seed=18446744073709551616 'is no number of 64 bits'

on_kernels fail-inside.sh 6.12
tap_done
