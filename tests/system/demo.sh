#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `make demo`: two guests on one pool, on real KVM, seen by stock virsh.
set -euo pipefail
bed=$abs_top_srcdir/tests/testbed/run

if [[ $("$bed" --where) == here ]]; then
    echo "This machine has /dev/kvm: the demo runs on it."
else
    echo "This machine has no KVM of its own: the demo runs on a Linux with a real one,"
    echo "emulated here (everything is slower there, nothing is pretended)."
fi
exec "$bed" --timeout 300 --env abs_top_srcdir --env abs_top_builddir -- \
    bash "$abs_top_srcdir/tests/system/demo-inside.sh"
