#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: the installed programs run the guest built out of tree.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
root=$LABYRINTH_TEST_ROOT
prefix=$(sed -n 's/^prefix=//p' "$abs_top_builddir/guest/labyrinth-guest.pc")
status=0
said=$("$root$prefix/bin/labyrinth" run "$root/hello.elf" 2>&1) || status=$?
tap_is "the guest's exit status" "$status" 0
tap_like "the guest's console" "$said" '[Hh]ello'
tap_done
