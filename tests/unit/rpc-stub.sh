# SPDX-License-Identifier: MIT
# Sourced by tests that have stock clients look at rpc-stub.c's broker.

if ! command -v virsh >/dev/null; then
    echo "1..0 # SKIP virsh is missing: install libvirt-clients"
    exit 0
fi

export LC_ALL=C
stub=$PWD/tests/unit/rpc-stub
work=$(mktemp -d /tmp/rpc-virsh.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
failures=0

# start_stub [GUESTS]: serve in $work/run, until stop_stub.
start_stub()
{
    rm -f "$work/in" "$work/out"
    mkfifo "$work/in" "$work/out"
    "$stub" "$work/run" "$@" <"$work/in" >"$work/out" &
    stub_pid=$!
    exec 3>"$work/in" 4<"$work/out"
    read -r ready <&4
    if [ "$ready" != ready ]; then
        echo "Bail out! rpc-stub does not start"
        exit 1
    fi
}

# Ends it by the end of its input; its status tells what it left behind.
stop_stub()
{
    exec 3>&- 4<&-
    wait "$stub_pid"
}

# wishes N: wait until clients have so many registrations for events.
wishes()
{
    local line
    while read -t 60 -r line <&4; do
        [ "$line" = "wishes $1" ] && return 0
    done
    return 1
}

# happen LETTER...: see rpc-stub.c.
happen()
{
    printf '%s' "$@" >&3
}

# on SOCKET ARGUMENT...: virsh, without empty lines and trailing blanks.
on()
{
    local socket=$1
    shift
    timeout 60 virsh -c "$uri?socket=$work/run/$socket" \
        "$@" 2>&1 3>&- 4<&- | sed -e 's/ *$//' -e '/^$/d'
    return "${PIPESTATUS[0]}"
}

say()
{
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        failures=$((failures + 1))
    fi
}

# is ARGUMENT... <<EXPECTED: virsh succeeds, and prints exactly this.
is()
{
    cat >"$work/expected"
    on virtlabyrinthd-sock "$@" >"$work/got"
    local status=$?
    [ $status = 0 ] && cmp -s "$work/expected" "$work/got"
    local same=$?
    say $same "$*"
    if [ $same != 0 ]; then
        echo "# status $status"
        diff "$work/expected" "$work/got" | sed 's/^/# /'
    fi
}

# has PATTERN ARGUMENT...: virsh succeeds, and a whole line matches.
has()
{
    local pattern=$1
    shift
    on virtlabyrinthd-sock "$@" >"$work/got" &&
        grep -Eqx -- "$pattern" "$work/got"
    local found=$?
    say $found "$*: $pattern"
    [ $found = 0 ] || sed 's/^/# /' "$work/got"
}

# refused PATTERN SOCKET ARGUMENT...: virsh fails with a line that has this.
refused()
{
    local pattern=$1
    shift
    ! on "$@" >"$work/got" && grep -Eq -- "$pattern" "$work/got"
    local found=$?
    say $found "$*: $pattern"
    [ $found = 0 ] || sed 's/^/# /' "$work/got"
}

uri=labyrinth:///system
rw=virtlabyrinthd-sock
ro=virtlabyrinthd-sock-ro
alpha=a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf
beta=b0b1b2b3-b4b5-b6b7-b8b9-babbbcbdbebf
default=10111213-1415-1617-1819-1a1b1c1d1e1f

# After the last test: how many there were, and whether all went well.
finish()
{
    echo "1..$number"
    exit $((failures > 0))
}
