#!/bin/bash
# SPDX-License-Identifier: MIT
# selftest.sh [KERNEL]...: what the testbed promises, in TAP, with the emulated
# machine on each kernel (6.12 if none is named).  About 2 minutes for each.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
kernels=("${@:-6.12}")
tests=22
number=0

work=$(mktemp -d "${TMPDIR:-/tmp}/testbed-selftest.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir written
# What the caller's make has set must not reach the runs below.
unset abs_top_builddir LABYRINTH_TESTBED_WRITE LABYRINTH_TESTBED_TIMEOUT

# run ARGUMENT...: the testbed on the kernel under test, its output in the files
# out and err, its status in status.
run() {
    "$here/run" --kernel "$kernel" "$@" >out 2>err
    status=$?
}

# check NAME CONDITION...: one line of TAP, with what the run said if it failed.
check() {
    local name=$1
    shift
    number=$((number + 1))
    if "$@"; then
        echo "ok $number - $kernel: $name"
    else
        echo "not ok $number - $kernel: $name"
        echo "# failed: $*"
        echo "# status: $status"
        tail -c 3000 out | sed 's/^/# out: /'
        tail -c 3000 err | sed 's/^/# err: /'
    fi
}

# says FILE TEXT: the file has a line that holds the text.
says() {
    grep -qF -- "$2" "$1"
}

# holds FILE TEXT: the file is the text, no less and no more.
holds() {
    [[ $(<"$1") == "$2" ]]
}

statuses() {
    for expected in 0 1 7 126 137 255; do
        run sh -c "exit $expected"
        [[ $status -eq $expected ]] || return
    done
    run ./missing
    [[ $status -eq 127 ]] || return
    run "$here/README.md"
    [[ $status -eq 126 ]] || return
    # shellcheck disable=SC2016 # the inner shell's
    run sh -c 'kill -KILL $$'
    [[ $status -eq 137 ]]
}

streams() {
    head -c 5000000 /dev/urandom >bytes
    run sh -c 'cat bytes; tac bytes >&2'
    tac bytes >backwards
    cmp out bytes && cmp err backwards
}

# shellcheck disable=SC2016 # the inner shell's dollars
surroundings() {
    LABYRINTH_WORD="it's
two lines" srcdir=/elsewhere SECRET=kept run --env GIVEN="a b" -- sh -c '
        pwd
        id -u
        echo "$LABYRINTH_WORD, $srcdir, $GIVEN, $SECRET"
        hostname
        uname -r
        cat
        cat /sys/class/net/lo/flags
        echo 4 >/proc/sys/vm/nr_hugepages
        cat /proc/sys/vm/nr_hugepages'
    check "the current folder" says out "$work"
    check "root" says out 0
    check "words of the environment" says out "two lines, /elsewhere, a b, "
    check "a host name of its own" says out testbed
    [[ $kernel == newest ]] ||
        check "the kernel that was asked for" says out "$kernel."
    [[ $kernel == newest ]] && check "a newer kernel" test "$(
        printf '%s\n' 6.12 "$(sed -n 6p out)" | sort -V | tail -n 1)" != 6.12
    check "the loopback is up" says out 0x9
    check "huge pages can be had" holds <(tail -n 1 out) 4
}

writing() {
    echo before >written/changed
    echo before >outside
    run --write written -- sh -c '
        echo after >written/changed
        echo new >written/made
        rm written/gone
        echo after >outside
        echo new >made'
    holds written/changed after && holds written/made new &&
        holds outside before && [[ ! -e made && ! -e written/gone ]]
}

kvm() {
    cc -o smoke "$here/kvm-smoke.c" || return
    run ./smoke
    [[ $status -eq 0 ]] && says out 'the guest said !'
}

# alive PROCESS: it is there, and not a corpse that waits for its parent.
alive() {
    [[ -e /proc/$1/exe ]] && readlink "/proc/$1/exe" >/dev/null
}

# Start a run that never ends, read its first words while it runs, send it a
# signal, and see that the emulator is gone with it.
killed_by() {
    local word='' emulator='' child
    # A run that gets KILL cannot remove its own files.
    exec {words}< <(TMPDIR=$work exec "$here/run" --kernel "$kernel" \
        -- sh -c 'echo ready; exec tail -f /dev/null' 2>err)
    local runner=$!
    read -r -t 120 -u "$words" word
    for child in $(<"/proc/$runner/task/$runner/children"); do
        [[ $(readlink "/proc/$child/exe") == */qemu-system-* ]] &&
            emulator=$child
    done
    kill -"$1" "$runner"
    wait "$runner"
    status=$?
    exec {words}<&-
    [[ $word == ready && $emulator ]] || return
    # After KILL it is the kernel that ends it, a little later.
    timeout 20 tail --pid="$emulator" -s 0.1 -f /dev/null
    ! alive "$emulator" || {
        kill -KILL "$emulator"
        return 1
    }
}

# shellcheck disable=SC2016 # the inner shell's dollars
all() {
    run sh -c 'echo to out; echo to err >&2'
    check "status 0" test "$status" -eq 0
    check "standard output" holds out "to out"
    check "standard error" holds err "to err"
    check "statuses are exact" statuses
    check "5 MB on each stream, 8-bit clean" streams
    surroundings
    touch written/gone
    check "what is written stays in the write folder alone" writing
    check "a real /dev/kvm runs a guest" kvm
    run sh -c 'tail -f /dev/null & echo done'
    check "what is left running does not hold up the end" \
        test "$status $(<out)" == "0 done"
    run -- "$here/run" -- sh -c 'echo $LABYRINTH_TESTBED; exit 9'
    check "a machine with /dev/kvm runs it directly" \
        test "$status $(<out)" == "9 emulated"
    run --timeout 2 -- sh -c 'echo begun; exec tail -f /dev/null'
    check "a time-out is 124, and shows the processes" \
        eval '[[ $status -eq 124 ]] && holds out begun && says err "tail -f"'
    run sh -c 'echo c >/proc/sysrq-trigger'
    check "a panic is 125, and shows the console" \
        eval '[[ $status -eq 125 ]] && says err "Kernel panic"'
    run --timeout 2 -- sh -c 'kill -STOP -1; exec tail -f /dev/null'
    check "a machine that answers nobody is 125" \
        eval '[[ $status -eq 125 ]] && says err hangs'
    run --icount -- awk '/^cpu MHz/ { printf "%.0f\n", $4 / 10 }' /proc/cpuinfo
    check "a clock of instructions: 1000 million a second, by 1 %" holds out 100
    check "SIGTERM leaves no emulator" killed_by TERM
    check "SIGKILL leaves no emulator" killed_by KILL
}

echo "1..$((tests * ${#kernels[@]}))"
for kernel in "${kernels[@]}"; do
    all
done
