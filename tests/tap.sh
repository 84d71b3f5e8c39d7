# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A TAP producer for shell tests: source it, call the functions, and end with
# tap_done. The plan comes last, so a test that dies half way has none, which
# is an error to whoever reads it.

tap_count=0
tap_failed=0

# tap_ok WHAT: one more line that passed.
tap_ok() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$*"
}

# tap_not_ok WHAT [DETAIL...]: one that failed; each DETAIL is a comment.
tap_not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$1"
    shift
    (($# == 0)) || printf '%s\n' "$@" | sed 's/^/# /'
}

# tap_is WHAT GOT WANTED: are the two strings the same?
tap_is() {
    if [[ $2 == "$3" ]]; then
        tap_ok "$1"
    else
        tap_not_ok "$1" "got:    $2" "wanted: $3"
    fi
}

# tap_like WHAT GOT REGEX: does the extended regular expression match?
tap_like() {
    if [[ $2 =~ $3 ]]; then
        tap_ok "$1"
    else
        tap_not_ok "$1" "got: $2" "which does not match: $3"
    fi
}

# tap_pass_on PREFIX < TAP: take another producer's results as one's own. Its
# plan must come and agree, else that is a failure of its own.
tap_pass_on() {
    local prefix=$1 line plan='' seen=0
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [[ $line =~ ^1\.\.([0-9]+) ]]; then
            plan=${BASH_REMATCH[1]}
        elif [[ $line =~ ^(not\ )?ok\ *[0-9]*\ *-?\ *(.*) ]]; then
            seen=$((seen + 1))
            if [[ -z ${BASH_REMATCH[1]} ]]; then
                tap_ok "$prefix: ${BASH_REMATCH[2]}"
            else
                tap_not_ok "$prefix: ${BASH_REMATCH[2]}"
            fi
        else
            printf '# %s: %s\n' "$prefix" "${line#\# }"
        fi
    done
    if [[ $plan != "$seen" || $seen == 0 ]]; then
        tap_not_ok "$prefix: ran to its end" \
            "planned: ${plan:-nothing}, came: $seen"
    fi
}

# tap_done: the plan; the exit status tells whether all passed.
tap_done() {
    printf '1..%d\n' "$tap_count"
    ((tap_failed == 0))
}
