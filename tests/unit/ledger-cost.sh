#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What an operation of the ledger costs, in instructions, does not depend on the
# pool: 64 MiB to 1 TiB, without a file under it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# shellcheck source=tests/unit/cost.sh
. "$here/cost.sh"

cost_measure_all "${abs_top_builddir:-$here/../../build}/tests/unit/ledger-cost" \
    "a ledger"
for operation in admit dismiss may_lease lease find return scrub sums; do
    cost_flat "$operation"
done
cost_grows validate "what reads the whole ledger"
tap_done
