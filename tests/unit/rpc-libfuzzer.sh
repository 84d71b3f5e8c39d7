#!/bin/bash
# SPDX-License-Identifier: MIT
# The endpoint under libFuzzer, with the address and undefined behaviour
# sanitizers: a bounded run, the same each time, from what clients really sent
# (golden/) and what was found on the way (golden/found.hex). Arguments
# stand for its own bounds: rpc-libfuzzer.sh -max_total_time=600

source=$abs_top_srcdir
for clang in clang clang-{19,18,17,16,15,14}; do
    command -v $clang >/dev/null && break
done
if ! command -v $clang >/dev/null; then
    echo "1..0 # SKIP clang is missing: install clang"
    exit 0
fi
work=$(mktemp -d /tmp/rpc-libfuzzer.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
echo "1..2"

flags=(-g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
       -DHAVE_CONFIG_H -I. -I"$source/vmm" -I"$source/include"
       -I"$source/tests/unit" -Ivmm
       $(pkg-config --cflags --libs libsystemd libtirpc libxml-2.0 uuid libvirt))
# The sources are the library's, but for those that have sockets.
rpc=()
for file in "$source"/vmm/rpc/*.c; do
    case ${file##*/} in
    client.c | server.c | listen.c | turns.c) ;;
    *) rpc+=("$file") ;;
    esac
done
$clang -o "$work/fuzz" "$source"/tests/unit/rpc-libfuzzer.c \
    "$source"/tests/unit/rpc-view.c "${rpc[@]}" \
    "$source"/vmm/base/err.c "$source"/vmm/base/pages.c \
    "$source"/vmm/wire/virnet.c vmm/wire/remote.c "${flags[@]}" \
    2>"$work/log"
if [ ! -x "$work/fuzz" ]; then
    sed 's/^/# /' "$work/log"
    echo "not ok 1 - it builds"
    exit 1
fi
echo "ok 1 - it builds"

mkdir "$work/seeds"
# A file for each line, which is an input in hexadecimal: each connection that
# was recorded; the arguments of each of its calls (02, the number, the rest),
# and of others; and what was found.
{
    for file in "$source"/tests/unit/golden/*.txt; do
        { echo 00; sed -n 's/^> //p' "$file"; } | tr -d '\n'
        echo
        sed -n 's/^> .\{28\}\(..\)\(..\).\{24\}/02\2\1/p' "$file"
    done
    cat "$source"/tests/unit/golden/*.hex
} | python3 -c '
import sys
for number, line in enumerate(sys.stdin):
    with open(f"{sys.argv[1]}/{number}", "wb") as seed:
        seed.write(bytes.fromhex(line))
' "$work/seeds"
bounds=(-runs=100000 -seed=1 -max_len=4096)
[ $# = 0 ] || bounds=("$@")
if "$work/fuzz" "${bounds[@]}" -timeout=10 -artifact_prefix="$work/" \
    "$work/seeds" >"$work/log" 2>&1; then
    tail -n 2 "$work/log" | sed 's/^/# /'
    echo "ok 2 - nothing is found"
else
    tail -n 60 "$work/log" | sed 's/^/# /'
    for found in "$work"/crash-* "$work"/leak-* "$work"/timeout-*; do
        [ ! -f "$found" ] || echo "# found: $(xxd -p "$found" | tr -d '\n')"
    done
    echo "not ok 2 - nothing is found"
    exit 1
fi
