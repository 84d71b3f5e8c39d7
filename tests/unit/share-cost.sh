#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a grant and a release on the shared table cost, in instructions: few, and
# the same in a window of 64 MiB as in one of 1 TiB.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# shellcheck source=tests/unit/cost.sh
. "$here/cost.sh"

rounds=1000 # of share-cost.c
most=175    # instructions of a pair of order 0 from a held extent
levels=40   # per cent: the index has 4 words to look at in 1 TiB, and 1 in 64 MiB

cost_measure_all "${abs_top_builddir:-$here/../../build}/tests/unit/share-cost" \
    "a table"
for operation in pair pair_order_3 pair_order_6 pair_order_9 pair_far bulk \
    refused lease; do
    each=$(cost 32 "$operation")
    printf '# %s: %s instructions each\n' "$operation" "$((${each:-0} / rounds))"
    case $operation in
    pair_order_6 | pair_order_9 | pair_far | lease)
        cost_flat "$operation" "$levels" ;;
    *)
        cost_flat "$operation" ;;
    esac
done
each=$(cost 32 pair)
if ((${each:-0} > 0 && each <= most * rounds)); then
    tap_ok "a pair takes at most $most instructions"
else
    tap_not_ok "a pair takes at most $most instructions" "${each:-none} in all"
fi
cost_grows room "what reads the whole table"
tap_done
