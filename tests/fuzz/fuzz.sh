#!/bin/bash
# SPDX-License-Identifier: MIT
# Each target under libFuzzer, with the address and undefined behaviour
# sanitizers, from the seeds in the tree: fuzz.sh [TARGET...]. A bounded run,
# the same each time; or FUZZ_SECONDS of each, of another seed each time.

set -u
source=$abs_top_srcdir
build=$abs_top_builddir
out=$build/tests/fuzz/out
# shellcheck source=tests/tap.sh
. "$source/tests/tap.sh"

# Target, and the runs of a bounded one: a second or less of each.
declare -A runs=(
    [rpc]=20000 [elf]=20000 [domain]=3000 [pool]=3000 [session]=300 [run]=10000
    [labyrinthd]=5000 [hcall]=3000
)

for clang in clang clang-{19,18,17,16,15,14}; do
    command -v $clang >/dev/null && break
done
if ! command -v $clang >/dev/null; then
    echo "1..0 # SKIP clang is missing: install clang"
    exit 0
fi
work=$(mktemp -d /tmp/labyrinth-fuzz.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT

# hex FOLDER < LINES: a file for each line, which is an input in hexadecimal.
hex() {
    python3 -c '
import sys
for number, line in enumerate(sys.stdin):
    with open(f"{sys.argv[1]}/{number}", "wb") as seed:
        seed.write(bytes.fromhex(line))
' "$1"
}

# What clients really sent: each connection that was recorded; and the
# arguments of each of its calls (02, the number, the rest), and of others.
golden() {
    local file
    for file in "$source"/tests/unit/golden/*.txt; do
        { echo 00; sed -n 's/^> //p' "$file"; } | tr -d '\n'
        echo
        sed -n 's/^> .\{28\}\(..\)\(..\).\{24\}/02\2\1/p' "$file"
    done
    cat "$source"/tests/unit/golden/*.hex
}

# seeds TARGET FOLDER: a file for each of its seeds.
seeds() {
    local lines=$source/tests/fuzz/seeds/$1
    mkdir "$2"
    if [[ $1 == rpc ]]; then
        golden | hex "$2"
    elif [[ -f $lines.hex ]]; then
        hex "$2" <"$lines.hex"
    else
        split -l 1 -a 3 "$lines.txt" "$2/"
    fi
}

# fuzz TARGET: run it; what was found is shown, to be kept as a seed.
fuzz() {
    local dir=$work/$1 found bounds
    mkdir "$dir"
    if ! seeds "$1" "$dir/seeds"; then
        tap_not_ok "$1: has seeds"
        return
    fi
    if [[ -n ${FUZZ_SECONDS-} ]]; then
        bounds=(-max_total_time="$FUZZ_SECONDS")
    else
        bounds=(-runs="${runs[$1]}" -seed=1)
    fi
    if (cd "$dir" && "$out/$1" "${bounds[@]}" -max_len=4096 -timeout=10 \
        -artifact_prefix="$dir/" -print_final_stats=1 seeds) \
        >"$dir/log" 2>&1 </dev/null; then
        sed -n 's/^stat::number_of_executed_units: */# runs: /p' "$dir/log"
        tap_ok "$1: nothing is found"
        return
    fi
    tap_not_ok "$1: nothing is found" "$(tail -n 60 "$dir/log")"
    for found in "$dir"/crash-* "$dir"/leak-* "$dir"/timeout-* "$dir"/oom-*; do
        [[ ! -f $found ]] || echo "# found: $(xxd -p "$found" | tr -d '\n')"
    done
}

mkdir -p "$out"
if ! make -C "$out" -f "$source/tests/fuzz/build.mk" SOURCE="$source" \
    BUILD="$build" CLANG="$clang" -s -j"$(nproc)" >"$work/log" 2>&1; then
    tap_not_ok "they build" "$(tail -n 60 "$work/log")"
    tap_done
    exit
fi
tap_ok "they build"
if (($# == 0)); then
    set -- "${!runs[@]}"
fi
for target; do
    fuzz "$target"
done
tap_done
