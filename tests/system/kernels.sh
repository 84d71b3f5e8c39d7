# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# on_kernels INSIDE KERNEL...: run the TAP producer tests/system/INSIDE as
# root on real KVM, once on each of these kernels, and take its results as
# this test's own. The kernel "any" is the machine's own where that has KVM.
# Source after tests/tap.sh.

on_kernels() {
    local inside=$1 kernel chosen status output
    shift
    output=$(mktemp)
    for kernel; do
        status=0
        chosen=(--kernel "$kernel")
        [[ $kernel != any ]] || chosen=()
        "$abs_top_srcdir/tests/testbed/run" "${chosen[@]}" \
            --timeout "${LABYRINTH_TEST_TIMEOUT:-900}" \
            --write "$abs_top_builddir" --env abs_top_srcdir \
            --env abs_top_builddir -- \
            bash "$abs_top_srcdir/tests/system/$inside" >"$output" || status=$?
        tap_pass_on "${kernel/#[0-9]/Linux &}" <"$output"
        ((status == 0)) || tap_not_ok "${kernel/#[0-9]/Linux &}: $inside ends well" \
            "exit status $status"
    done
    rm -f "$output"
}
