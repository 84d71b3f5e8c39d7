#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What an operation of the ledger costs, in instructions, does not depend on the
# pool: 64 MiB to 1 TiB, without a file under it. Counted by callgrind, since
# instructions are the same in each run and on each machine, and time is not.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
program=${abs_top_builddir:-$here/../../build}/tests/unit/ledger-cost
sizes=(32 1024 32768 524288)
operations=(admit dismiss may_lease lease find return scrub sums)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each function's instructions with those that it calls, only while in one.
measure() {
    valgrind -q --tool=callgrind --toggle-collect='count_*' \
        --callgrind-out-file="$work/$1.out" "$program" "$1" >&2 || return
    callgrind_annotate --inclusive=yes --threshold=100 "$work/$1.out" |
        sed -nE 's/^ *([0-9,]+) .*:count_([a-z_]+)( .*|\x27.*)?$/\2 \1/p' |
        tr -d ',' >"$work/$1"
}

cost() { awk -v name="$2" '$1 == name { print $2; exit }' "$work/$1"; }

for size in "${sizes[@]}"; do
    measure "$size" || tap_not_ok "a ledger of $size extents is measured"
done

for operation in "${operations[@]}"; do
    costs=()
    for size in "${sizes[@]}"; do
        costs+=("$(cost "$size" "$operation")")
    done
    sorted=$(printf '%s\n' "${costs[@]}" | sort -n)
    least=$(head -1 <<<"$sorted") most=$(tail -1 <<<"$sorted")
    printf '# %s: %s instructions in all, of %s extents\n' "$operation" \
        "${costs[*]}" "${sizes[*]}"
    if [[ -n $least ]] && ((least > 0 && (most - least) * 100 <= least)); then
        tap_ok "$operation is flat from 64 MiB to 1 TiB"
    else
        tap_not_ok "$operation is flat from 64 MiB to 1 TiB" "${costs[*]}"
    fi
done

# And would it be seen if it were not? An audit of the ledger reads all of it.
small=$(cost 32 validate) big=$(cost 524288 validate)
if ((${small:-0} > 0 && ${big:-0} > 1000 * ${small:-0})); then
    tap_ok "what reads the whole ledger is seen to grow: $small to $big"
else
    tap_not_ok "what reads the whole ledger is seen to grow" "$small" "$big"
fi
tap_done
