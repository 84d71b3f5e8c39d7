#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Leases of guest_memfd: what the kernel gives, and the tests of other leases
# on pools of these. Where KVM cannot map such files, a sentence.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels guest-memfd-inside.sh 6.12 newest
export LABYRINTH_TEST_BACKING=guest_memfd
export LABYRINTH_TEST_STORM=${LABYRINTH_TEST_STORM:-20}
for inside in atomic fair kill revoke take restart storm; do
    printf '# %s\n' "$inside"
    on_kernels "$inside-inside.sh" newest
done
tap_done
