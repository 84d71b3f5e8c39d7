#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Leases of guest_memfd: what the kernel gives, and the tests of other leases
# on pools of these, fewer and shorter unless LABYRINTH_TEST_WHOLE is set. Where
# KVM cannot map such files, a sentence.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels guest-memfd-inside.sh 6.12 newest
export LABYRINTH_TEST_BACKING=guest_memfd
insides=(kill restart revoke virsh-pool)
if [[ ${LABYRINTH_TEST_WHOLE:-} ]]; then
    insides+=(atomic backing fair storm take)
    export LABYRINTH_TEST_STORM=${LABYRINTH_TEST_STORM:-20}
else
    export LABYRINTH_TEST_KILLS=5 LABYRINTH_TEST_ROUNDS=1000
fi
for inside in "${insides[@]}"; do
    printf '# %s\n' "$inside"
    on_kernels "$inside-inside.sh" newest
done
tap_done
