#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The stress of the shared table under ThreadSanitizer, and with pauses wherever
# a thread touches the table; and a guest that scribbles over it while the VMM
# works, under AddressSanitizer and UndefinedBehaviorSanitizer.
# Arguments stand for the operations: share-sanitize.sh 10000000
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
operations=${1:-200000}
build=${abs_top_builddir:-$here/../../build}
source=${abs_top_srcdir:-$here/../..}
read -ra compiler <<<"${CC:-cc}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

unit=$source/tests/unit
stress=("$unit"/share-{stress,worker,history}.c)
hostile=("$unit/share-hostile.c")

# variant NAME WHAT ARGUMENT SOURCES... -- FLAGS...
variant() {
    local name=$1 what=$2 argument=$3 files=()
    shift 3
    while [[ $1 != -- ]]; do
        files+=("$1")
        shift
    done
    shift
    if "${compiler[@]}" -std=gnu11 -g -O1 -pthread -I"$build" \
        -I"$source/include" -I"$source/vmm" -I"$unit" "$@" \
        -o "$work/$name" "${files[@]}" "$source"/vmm/share/*.c >&2 &&
        timeout -s KILL 300 "$work/$name" "$argument" >"$work/out" 2>&1 &&
        grep -q '^ok 1' "$work/out"; then
        sed -n 's/^# /# /p' "$work/out"
        tap_ok "$what"
    else
        tap_not_ok "$what" "$(tail -40 "$work/out")"
    fi
}

variant tsan "the stress has no race under ThreadSanitizer" "$operations" \
    "${stress[@]}" -- -fsanitize=thread
variant pause "the stress stands pauses at each touch of the table" \
    "$operations" "${stress[@]}" -- -include "$unit/share-pause.h"
variant hostile "a scribbling guest makes the VMM do nothing undefined" \
    "$operations" "${hostile[@]}" -- -fsanitize=address,undefined \
    -fno-sanitize-recover=all
tap_done
