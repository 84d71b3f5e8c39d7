# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For a program that does each of its operations in a function count_NAME, on
# something of the size that it is told: instructions of each, counted by
# callgrind, since they are the same in each run and on each machine, and time
# is not. After tap.sh.

cost_sizes=(32 1024 32768 524288) # extents: 64 MiB to 1 TiB

cost_work=$(mktemp -d)
trap 'rm -rf "$cost_work"' EXIT

# Each function's instructions with those that it calls, only while in one.
cost_measure() {
    valgrind -q --tool=callgrind --toggle-collect='count_*' \
        --callgrind-out-file="$cost_work/$2.out" "$1" "$2" >&2 || return
    callgrind_annotate --inclusive=yes --threshold=100 "$cost_work/$2.out" |
        sed -nE 's/^ *([0-9,]+) .*:count_([a-z_0-9]+)( .*|\x27.*)?$/\2 \1/p' |
        tr -d ',' >"$cost_work/$2"
}

# cost_measure_all PROGRAM WHAT: of each size.
cost_measure_all() {
    local size
    for size in "${cost_sizes[@]}"; do
        cost_measure "$1" "$size" || tap_not_ok "$2 of $size extents is measured"
    done
}

cost() { awk -v name="$2" '$1 == name { print $2; exit }' "$cost_work/$1"; }

# cost_flat OPERATION [PER_CENT]: no size makes it so much dearer than another;
# 1 if nothing is said.
cost_flat() {
    local costs=() size least most by=${2:-1}
    for size in "${cost_sizes[@]}"; do
        costs+=("$(cost "$size" "$1")")
    done
    least=$(printf '%s\n' "${costs[@]}" | sort -n | head -1)
    most=$(printf '%s\n' "${costs[@]}" | sort -n | tail -1)
    printf '# %s: %s instructions in all, of %s extents\n' "$1" \
        "${costs[*]}" "${cost_sizes[*]}"
    if [[ -n $least ]] &&
        ((least > 0 && (most - least) * 100 <= least * by)); then
        tap_ok "$1 is flat within $by % from 64 MiB to 1 TiB"
    else
        tap_not_ok "$1 is flat within $by % from 64 MiB to 1 TiB" "${costs[*]}"
    fi
}

# cost_grows OPERATION WHAT: and would it be seen if it were not flat?
cost_grows() {
    local small big
    small=$(cost "${cost_sizes[0]}" "$1") big=$(cost "${cost_sizes[-1]}" "$1")
    if ((${small:-0} > 0 && ${big:-0} > 1000 * ${small:-0})); then
        tap_ok "$2 is seen to grow: $small to $big"
    else
        tap_not_ok "$2 is seen to grow" "$small" "$big"
    fi
}
