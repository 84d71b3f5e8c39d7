#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: faults_tries.py, with a /run of its own.
set -euo pipefail
. "$abs_top_srcdir/tests/system/broker.sh"
python3 -B "$abs_top_srcdir/tests/system/faults_tries.py" \
    "$abs_top_builddir/tests/system/host-faults.table"
