#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The runner of `make bench`: a figure of this machine and one inside the
# testbed end up in the table and in bench.json; one that fails is told and is a
# failure, and one whose peer cannot be had does not vanish. No figure is judged
# here.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
bench=$abs_top_srcdir/tests/bench

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LABYRINTH_BENCH_OUT=$work

# json EXPRESSION: of the report, in Python, where r is it.
json() {
    python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$work/bench.json" "$1" 2>&1
}

status=0
"$bench/run" pool start >"$work/table" 2>"$work/err" || status=$?
tap_is "two figures: exit status" "$status" 0
((status == 0)) || sed 's/^/# /' "$work/err"
tap_like "two figures: progress is told" "$(<"$work/err")" \
    'bench: pool: .* \.\.\..*bench: start: '
tap_like "two figures: the table has one of this machine" "$(<"$work/table")" \
    $'\n''ledger, lease: [^'$'\n'']* yes '
tap_like "two figures: the table has one of the testbed" "$(<"$work/table")" \
    'private memory beside the leases +KiB +[0-9]'
tap_like "two figures: a peer that is not there is told of" "$(<"$work/table")" \
    'against lkvm [^'$'\n'']* not measured +neither|against solo5-hvt [^'$'\n'']* not measured +neither|lkvm.*solo5'
tap_is "two figures: the report says where" \
    "$(json 'all(r["machines"][0][k] for k in ("clock", "kernel", "cpu"))')" True
tap_is "two figures: every figure is whole" \
    "$(json 'all({"name", "unit", "ours", "peer", "ratio", "bar", "holds", "note"} <= f.keys() for f in r["figures"])')" True

# Of the bars, by numbers that are known.
. "$bench/bench.sh"
{
    figure "held" us 1 100 "ratio 0.01"
    figure "missed" us 2 100 "ratio 0.01"
    figure "faster" us 1 300 "faster 300"
    figure "slower" us 1 299 "faster 300"
    figure "few" calls 15 "" "most 15"
    figure "many" calls 16 "" "most 15"
    missing "absent" "ratio 1" 'a "peer" that is not there'
    figure "broken arithmetic" us "$(calculate " / 3")" 1 "ratio 1"
    series "grows" 0.0625 200 1024 300
    series "of nothing" 0.0625 "" 1024 ""
    echo 'no figure at all'
} >"$work/lines"
"$bench/report" "$work/lines" "$work" >"$work/table" 2>"$work/err"
tap_is "bars: each is judged" "$(json '[f["holds"] for f in r["figures"]]')" \
    "[True, False, True, False, True, False, None, None]"
tap_is "a series is told against its first" \
    "$(json '[(s["series"], s["x"], s["y"]) for s in r["series"]]')" \
    "[('grows', [0.0625, 1024], [1, 1.5])]"
tap_like "bars: their count is the last word" "$(tail -1 "$work/table")" '^3 of 6 bars hold'
tap_like "bars: what is no figure is told" "$(<"$work/err")" 'no figure: no figure at all'

# One that fails, where figures are looked for.
cp -r "$bench" "$work/bench"
printf '#!/bin/bash\n# runs: outside\nexit 3\n' >"$work/bench/broken-bench"
chmod +x "$work/bench/broken-bench"
status=0
"$work/bench/run" broken >"$work/table" 2>"$work/err" || status=$?
tap_is "a figure that fails: exit status" "$status" 1
tap_like "a figure that fails is in the table" "$(<"$work/table")" \
    'broken .* NO +the figure failed: exit status 3'
status=0
"$bench/run" nonsense 2>"$work/err" || status=$?
tap_is "a figure that there is not: exit status" "$status" 2
tap_like "a figure that there is not: those that are" "$(<"$work/err")" 'there are: .*pool'
tap_done
