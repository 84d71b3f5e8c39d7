# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the figures share: one JSON object a line on standard output, what is
# under way on standard error. Sourced by each tests/bench/*-bench.
#
# Times are of the clock that the machine has. With LABYRINTH_BENCH_CLOCK=counts
# (tests/testbed/run --icount) that is a clock of instructions: 1 ns and one
# cycle each.

here=$abs_top_srcdir/tests/bench
bin=$abs_top_builddir/tests/bench
bench_elf=$abs_top_builddir/guest/labyrinth-bench.elf
clock=${LABYRINTH_BENCH_CLOCK:-time}
unit=us
[[ $clock == time ]] || unit=kinstr

# under_way WHAT: a line for who waits.
under_way() { printf 'bench: %s ...\n' "$*" >&2; }

# value NAME FILE: the number after NAME, or nothing.
value() { awk -v name="$1" '$1 == name { print $2; exit }' "$2"; }

# calculate EXPRESSION: by awk, or nothing when a number of it is missing.
calculate() {
    [[ ! $1 =~ (^|[-+*/(])[[:space:]]*($|[-+*/)]) ]] || return 0
    awk "BEGIN { printf \"%.6g\", $1 }"
}

# of_cycles CYCLES, of_ns NS: in $unit.
of_cycles() {
    local mhz=1000
    [[ ! ${1:-} ]] && return
    [[ $clock == counts ]] ||
        mhz=$(awk -F: '/^cpu MHz/ { print $2 + 0; exit }' /proc/cpuinfo)
    calculate "$1 / $mhz"
}
of_ns() { [[ ! ${1:-} ]] || calculate "$1 / 1000"; }

# figure NAME UNIT OURS PEER BAR [NOTE]: OURS and PEER are numbers, or empty
# where there are none. BAR: "ratio N", ours is at most N times the peer's;
# "faster N", the peer's is at least N times ours; "most N", ours is at most N;
# or empty, then it is told and not judged.
figure() {
    awk -v name="$1" -v unit="$2" -v ours="$3" -v peer="$4" -v bar="$5" \
        -v note="${6:-}" '
        function number(x) { return x == "" ? "null" : x + 0 }
        function text(x) { gsub(/["\\]/, "\\\\&", x); return "\"" x "\"" }
        BEGIN {
            split(bar, b, " "); ratio = ""; holds = "null"
            if (ours != "" && peer != "" && peer + 0 > 0)
                ratio = sprintf("%.6g", ours / peer)
            if (b[1] == "ratio" && ratio != "") holds = ratio <= b[2] + 0
            if (b[1] == "faster" && ratio != "") holds = ratio * b[2] <= 1
            if (b[1] == "most" && ours != "") holds = ours + 0 <= b[2] + 0
            if (holds != "null") holds = holds ? "true" : "false"
            printf "{\"name\":%s,\"unit\":%s,\"ours\":%s,\"peer\":%s,", text(name),
                text(unit), number(ours), number(peer)
            printf "\"ratio\":%s,\"bar\":%s,\"holds\":%s,\"note\":%s}\n",
                number(ratio), bar == "" ? "null" : text(bar), holds, text(note)
        }'
}

# series NAME X Y...: what becomes of a figure as something grows: pairs, to be
# plotted; each Y is told against the first.
series() {
    local name=$1
    shift
    printf '%s\n' "$@" | awk -v name="$name" '
        NR % 2 { x = x comma $1; next }
        { if (first == "") first = $1; y = y comma $1 / first; comma = "," }
        END { if (first > 0)
            printf "{\"series\":\"%s\",\"x\":[%s],\"y\":[%s]}\n", name, x, y }'
}

# missing NAME BAR WHY: a figure that cannot be had says so.
missing() { figure "$1" "" "" "" "$2" "$3"; }

# guest OPTIONS -- ARGUMENTS: the bench guest; what it said is in $work/out.
# One that fails ends the figure.
guest() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    "$labyrinth" run "${options[@]}" "$bench_elf" "$@" >"$work/out"
}

# start_guest NAME OPTIONS -- ARGUMENTS: in the background; returns when it has
# said "stays 1" or ended. Its process is $started.
start_guest() {
    local name=$1 line='' options=()
    shift
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    mkfifo "$work/$name.fifo"
    "$labyrinth" run --name "$name" "${options[@]}" "$bench_elf" "$@" \
        >"$work/$name.fifo" 2>"$work/$name.err" &
    started=$!
    : >"$work/$name.out"
    while [[ $line != 'stays 1' ]] && IFS= read -r line; do
        printf '%s\n' "$line" >>"$work/$name.out"
    done <"$work/$name.fifo"
    rm "$work/$name.fifo"
}

# end_guest PROCESS
end_guest() { { kill -KILL "$1" && wait "$1"; } 2>/dev/null || true; }

# reserve_huge LEASES: huge pages for so many, and whether there are so many.
reserve_huge() {
    echo "$1" >/proc/sys/vm/nr_hugepages
    (($(</proc/sys/vm/nr_hugepages) >= $1))
}
