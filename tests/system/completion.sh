#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Tab key knows the commands, and every option that --help has.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
PATH=$abs_top_builddir/vmm:$PATH
set +u # bash-completion is not written for it
. /usr/share/bash-completion/bash_completion
. "$abs_top_srcdir/vmm/completion/labyrinth"
compopt() { :; } # only a real Tab has what it changes

# complete_line WORD...: what is offered for the last of them, sorted.
complete_line() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMP_LINE=$*
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    "_$1" "$1" "${!#}" "${*: -2:1}"
    printf '%s\n' "${COMPREPLY[@]%=}" | sort | tr '\n' ' '
}

# options PROGRAM [COMMAND]: the long ones in its help, sorted.
options() {
    "$@" --help | grep -oE '^ +(-., )? *--[a-z-]+' | grep -oE -- '--[a-z-]+' |
        sort | tr '\n' ' '
}

tap_is 'labyrinth: its commands' "$(complete_line labyrinth '')" \
    '--help --version audit revoke run '
for command in run revoke audit; do
    tap_is "labyrinth $command: its options" \
        "$(complete_line labyrinth "$command" --)" \
        "$(options labyrinth "$command")"
done
tap_is 'labyrinthd: its options' "$(complete_line labyrinthd --)" \
    "$(options labyrinthd)"
tap_is 'a value out of several' \
    "$(complete_line labyrinth run --transport p)" 'port '
touch_dir=$(mktemp -d)
trap 'rm -rf "$touch_dir"' EXIT
touch "$touch_dir/kernel.elf"
tap_is 'a file' "$(complete_line labyrinth run "$touch_dir/ker")" \
    "$touch_dir/kernel.elf "
tap_is 'what an option wants, and is not known, is not guessed' \
    "$(complete_line labyrinth run --cpus '')" ' '
tap_done
