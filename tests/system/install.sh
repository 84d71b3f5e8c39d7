#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `make install` lays out what users expect, and a guest written out of tree
# builds with pkg-config against it and runs.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"

# Seen from the testbed too, by the name that LABYRINTH_TEST_ROOT carries.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
export LABYRINTH_TEST_ROOT=$root
make -C "$abs_top_builddir" install DESTDIR="$root" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
prefix=$(sed -n 's/^prefix=//p' "$abs_top_builddir/guest/labyrinth-guest.pc")

for file in bin/labyrinth sbin/labyrinthd libexec/labyrinth-audit \
    include/labyrinth/hypercall.h include/labyrinth/guest.h \
    include/labyrinth/bootinfo.h include/labyrinth/lease.h \
    include/labyrinth/audit.h include/labyrinth/mm.h \
    lib/labyrinth/start.o lib/labyrinth/guest.lds \
    lib/labyrinth/liblabyrinth-guest.a lib/labyrinth/labyrinth-demo.elf \
    lib/pkgconfig/labyrinth-guest.pc share/man/man1/labyrinth.1 \
    share/man/man8/labyrinthd.8 lib/systemd/system/labyrinthd.service \
    share/bash-completion/completions/labyrinth \
    share/bash-completion/completions/labyrinthd; do
    if [[ -s $root$prefix/$file ]]; then
        tap_ok "installed: $file"
    else
        tap_not_ok "installed: $file"
    fi
done

# With the distribution's own units beside ours, as they will be.
mkdir -p "$root/usr/lib/systemd"
cp -r /usr/lib/systemd/system "$root/usr/lib/systemd/"
complaints=$(systemd-analyze verify --man=no --recursive-errors=no --root="$root" \
    labyrinthd.service labyrinthd{,-ro,-lease}.socket 2>&1 || true)
tap_is 'systemd finds no fault with the units' "$complaints" ''

export PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig
pc() { pkg-config --define-variable=prefix="$root$prefix" "$@" labyrinth-guest; }
cp "$abs_top_srcdir/guest/hello.c" "$root/hello.c"
read -r -a cflags < <(pc --cflags)
read -r -a libs < <(pc --libs)
if (cd "$root" && cc "${cflags[@]}" hello.c "${libs[@]}" -o hello.elf) \
    >"$work/log" 2>&1; then
    tap_ok "a guest builds out of tree with pkg-config"
else
    tap_not_ok "a guest builds out of tree with pkg-config" "$(<"$work/log")"
fi
on_kernels install-inside.sh any
tap_done
