#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `labyrinth run` and `labyrinthd` refuse before KVM comes into it: each
# with exit status 125 (the daemon: 1, or 64 for its command line) and a
# sentence.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
labyrinth=$abs_top_builddir/vmm/labyrinth
labyrinthd=$abs_top_builddir/vmm/labyrinthd
demo_elf=$abs_top_builddir/guest/labyrinth-demo.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# refused NAME STATUS PATTERN COMMAND...
refused() {
    local name=$1 wanted=$2 pattern=$3 status=0 said
    shift 3
    said=$("$@" 2>&1) || status=$?
    tap_is "$name: exit status" "$status" "$wanted"
    tap_like "$name: says why" "$said" "$pattern"
}

refused "no command" 125 'usage' "$labyrinth"
refused "an unknown command" 125 'no command' "$labyrinth" jump
refused "no kernel" 125 'no KERNEL' "$labyrinth" run
refused "an unknown option" 125 'unrecognized option' "$labyrinth" run --fast x
refused "a size that is none" 125 'is not a size' \
    "$labyrinth" run --memory lots x
refused "a size between leases" 125 'multiple of 2M' \
    "$labyrinth" run --memory 3M x
refused "a guarantee below the memory" 125 'less than --memory' \
    "$labyrinth" run --memory 8M --guarantee 4M x
refused "a limit below the guarantee" 125 'not between' \
    "$labyrinth" run --guarantee 8M --limit 4M x
refused "a name that is none" 125 'is no name' \
    "$labyrinth" run --name '../x' x
refused "an unknown transport" 125 'none of auto' \
    "$labyrinth" run --transport pigeon x
refused "an unknown way to grant" 125 'none of shared' \
    "$labyrinth" run --grants gladly x

# Kernels that are none, each against a private broker.
kernel() { refused "$1" 125 "$2" "$labyrinth" run --memory 4M "$3"; }
kernel "a kernel that is not there" 'cannot open the kernel' "$work/none"
: >"$work/empty"
kernel "an empty kernel" 'not a file with a kernel' "$work/empty"
head -c 40 "$demo_elf" >"$work/short"
kernel "a kernel of 40 bytes" 'too short' "$work/short"
head -c 2048 "$demo_elf" >"$work/cut"
kernel "a truncated kernel" 'truncated' "$work/cut"
cp /bin/true "$work/true"
kernel "an ordinary program" 'not a static executable|no Labyrinth ABI note' \
    "$work/true"
# Patch one field of the demo guest: $1 file, $2 offset, $3 bytes as \x...
patch() {
    cp "$demo_elf" "$1"
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
patch "$work/magic" 0 'X'
kernel "a file without ELF magic" 'not an ELF file' "$work/magic"
patch "$work/machine" 18 '\xb7\x00'
kernel "a kernel for another machine" 'not an x86-64' "$work/machine"
patch "$work/entry" 24 '\x00\x00\x00\x00\x00\x00\x00\x00'
kernel "an entry point outside the kernel" 'entry point' "$work/entry"

# A little more than the host has; a large host refuses for its limit of files.
total=$(awk '/^MemTotal:/ { print int($2 / 2048) * 2 + 2048 }' /proc/meminfo)
refused "a pool without memory" 1 'of memory are needed|files must be open' \
    "$labyrinthd" --pool big="${total}M" --run-dir "$work/run" --libvirt-dir none
refused "a pool of no size" 64 'size' \
    "$labyrinthd" --pool odd=1 --run-dir "$work/run" --libvirt-dir none
tap_done
