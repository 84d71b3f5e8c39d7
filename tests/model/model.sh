#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Has spin visit every state of the lease protocol's model, and see that each
# mutant of it fails by the property that it should. Speaks TAP; README.md says
# how to read a counterexample. With names of runs as arguments: only these, and
# what each printed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

none='-DBROKER_KILLS=0 -DSHORTAGES=0 -DTAKES=0 -DRECLAIMS=0'
kill='-DBROKER_KILLS=1 -DSHORTAGES=0 -DTAKES=0 -DRECLAIMS=0'
short='-DBROKER_KILLS=1 -DSHORTAGES=1 -DTAKES=0 -DRECLAIMS=0'
take='-DBROKER_KILLS=0 -DSHORTAGES=0 -DTAKES=1 -DRECLAIMS=0'
ask='-DBROKER_KILLS=0 -DSHORTAGES=0 -DTAKES=0 -DRECLAIMS=1 -DEXTENTS=3'
hostile='-DHOSTILE'
held='-DHOLD_UPS=1'

# NAME | CLAIM, or "always" for what holds at every instant | flags | what
runs() {
    cat <<RUNS
hostile-kill | always | $kill $hostile | an honest VMM, a hostile one, and a broker that is killed
every-request-ends | every_request_ends | $kill | every request ends, of one of two that are alike, and the broker is killed
hostile-request-ends | every_request_ends | $none $hostile | every request ends beside a hostile VMM
none-lost | none_lost | $kill | what the dead held comes back, and the broker is killed
kill | always | $short | two VMMs, a broker that is killed, once no memory for a file or a lease fewer
take | always | $take | two VMMs, and a lease that is taken, said before or not
held-up | always | $none $hostile $held | a cut that a hostile VMM holds up, beside an honest one
held-up-kill | always | $kill $held | two VMMs, a cut that is held up, and a broker that is killed
lone-hostile-kill | always | $kill $hostile $held -DLONE | a hostile VMM that holds up a cut, and a broker that is killed
none-lost-held-up | none_lost | $none $held | what the dead held comes back, also from a cut that was held up
ask | always | $ask | two VMMs, three extents, requests to give back
RUNS
}

# What is left out | CLAIM | flags | the property that must be found broken; the
# last three show that there is something to be seen
mutants() {
    cat <<MUTANTS
dirty-to-blank | always | $none -DMUTANT_TABLE | transition_is_legal
scrubbing | none_lost | $none -DWITHOUT_SCRUB | none_lost
truncation | always | $kill $hostile -DWITHOUT_CUT | owner_is_in_journal
truncation-before-the-journal | always | $kill $hostile -DWITHOUT_CUT_FIRST | owner_is_in_journal
a-fresh-file | always | $none -DWITHOUT_FRESH_FILE | blank_is_blank
the-journal-before-the-descriptor | always | $kill -DWITHOUT_JOURNAL_FIRST | owner_is_in_journal
a-look-at-who-returns | always | $none $hostile -DWITHOUT_FIND | only_its_owner_gives_it_up
a-look-at-the-inode | always | $kill $hostile -DWITHOUT_PROOF | owner_is_in_ledger
waiting-for-what-is-on-its-way | always | $kill -DWITHOUT_WAIT | owner_is_in_journal
deadlines | every_request_ends | $none -DWITHOUT_DEADLINE | every_request_ends
revocation-at-the-end | none_lost | $none -DWITHOUT_REVOKE_ALL | none_lost
an-answer-to-what-was-cut | always | $take -DWITHOUT_ANSWER_TO_CUT | honest_is_not_dropped
a-later-cut | always | $none $hostile $held -DWITHOUT_LATER_CUT | owner_is_in_journal
waiting-for-a-cut | always | $none $hostile $held -DWITHOUT_AWAITING_THE_CUT | owner_is_in_journal
asking-what-became-of-a-cut | none_lost | $none $held -DWITHOUT_RETRY | none_lost
the-end-of-a-notice | always | $take -DWITHOUT_GAVE | transition_is_legal
adoption-seen | nobody_is_adopted | $kill | nobody_is_adopted
requests-seen | nobody_is_asked | $ask | nobody_is_asked
notices-seen | nobody_is_warned | $take | nobody_is_warned
MUTANTS
}

# verify NAME CLAIM FLAGS: one run of spin, its words in DIR/NAME/said.
verify() {
    local claim=$2 flags=$3 compiled=(-O1) run=(-n -m40000)
    mkdir "$work/$1"
    cd "$work/$1"
    cp "$here"/*.pml .
    if [[ $flags == *MUTANT_TABLE* ]]; then
        # The transition that is left out of the table.
        sed -i '/MAY(from, to, EXTENT_DIRTY, EXTENT_BLANK)/d' ledger.pml
    fi
    # Compression is for those that would hardly fit without; it costs half.
    [[ $1 != *kill && $1 != held-up ]] || compiled+=(-DCOLLAPSE)
    case $claim in
    always) compiled+=(-DSAFETY -DNOCLAIM) run+=(-E) ;;
    nobody_*) compiled+=(-DSAFETY) run+=(-N "$claim") ;;
    *) compiled+=(-DNFAIR=3) run+=(-a -f -N "$claim") flags+=' -DIN_TURN' ;;
    esac
    # shellcheck disable=SC2086
    spin -a $flags lease.pml >spin.said 2>&1 || { cat spin.said >said; return; }
    ${CC:-cc} -w -DMEMLIM=480 "${compiled[@]}" -o pan pan.c >said 2>&1 || return 0
    ./pan "${run[@]}" >>said 2>&1 || true
    rm -f pan pan.?
}

# A run is no proof if it was not finished: depth, memory, a model that is none.
passes() {
    grep -q 'errors: 0$' "$1" &&
        ! grep -Eq 'Search not completed|max search depth|MEMLIM|^spin: .*Error' "$1"
}

# breaks SAID PROPERTY: was it found broken, and no other before it?
breaks() {
    grep -q "^pan:1: assertion violated $2 " "$1" && return
    grep -q "^pan: ltl formula $2\$" "$1" &&
        grep -Eq '^pan:1: (acceptance cycle|assertion violated +!)' "$1"
}

figures() {
    sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1 states/p;
        s/^ *([0-9.]+)\ttotal actual memory usage/\1 MiB/p;
        s/^pan: elapsed time ([0-9.e+]+) seconds/\1 s/p' "$1" | paste -sd, | sed 's/,/, /g'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v spin >/dev/null; then
    tap_not_ok "spin is there" "install Debian's package spin"
    tap_done
fi

list=$({ runs; mutants; } | sed -E 's/ +\| +/|/g')
if (($# > 0)); then
    list=$(grep -E "^($(IFS='|'; echo "$*"))\|" <<<"$list")
fi
while IFS='|' read -r name claim flags _; do
    while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || true; done
    verify "$name" "$claim" "$flags" &
done <<<"$list"
wait

while IFS='|' read -r name claim flags what; do
    said=$work/$name/said
    printf '# %s: %s\n' "$name" "$(figures "$said")"
    if runs | grep -q "^$name |"; then
        if passes "$said"; then
            tap_ok "$what"
        else
            tap_not_ok "$what" "$(grep -E 'pan|rror|depth' "$said" | head -20)" \
                "to see how: see tests/model/README.md"
        fi
    elif breaks "$said" "$what"; then
        tap_ok "without $name: not $what"
    else
        tap_not_ok "without $name: not $what" \
            "$(grep -E 'pan|rror|depth' "$said" | head -20)"
    fi
    (($# == 0)) || sed 's/^/# /' "$said"
done <<<"$list"
tap_done
