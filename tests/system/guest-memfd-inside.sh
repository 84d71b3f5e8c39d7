#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: what KVM gives with guest_memfd, a broker's sessions with
# such files, and two guests of a pool of them; or that a pool of them is
# refused, where KVM cannot map them. And files of a process that hang.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

# offered: does KVM_CAP_GUEST_MEMFD_FLAGS say MMAP and INIT_SHARED?
offered() {
    # shellcheck disable=SC2016 # the dollars are Perl's
    perl -e 'open my $kvm, "+<", "/dev/kvm" or exit 2;
        my $flags = ioctl($kvm, 0xAE03, 244); exit((($flags // 0) & 3) == 3 ? 0 : 1)'
}

# program NAME: one of our own, as a part of this test.
program() {
    local status=0
    "$abs_top_builddir/tests/system/$1" >"$work/$1.tap" 2>"$work/$1.err" || status=$?
    tap_pass_on "$1" <"$work/$1.tap"
    tap_is "$1: exit status" "$status" 0
}

modprobe fuse # for a file system that hangs
program hanging-files

if ! offered; then
    status=0
    "$labyrinthd" --pool default=8M,backing=guest_memfd --libvirt-dir none \
        >"$work/out" 2>&1 || status=$?
    tap_is "KVM cannot map it: no such pool" "$status" 1
    tap_like "KVM cannot map it: a sentence" "$(<"$work/out")" \
        "pool default: this kernel's KVM has no guest_memfd that can be mapped"
    start_broker --pool default=8M
    cat >"$work/side.xml" <<'END'
<pool type='labyrinth' xmlns:labyrinth='urn:labyrinth:libvirt:1'>
  <name>side</name>
  <capacity unit='MiB'>8</capacity>
  <labyrinth:pool><labyrinth:backing>guest_memfd</labyrinth:backing>
  </labyrinth:pool>
</pool>
END
    tap_like "KVM cannot map it: nor while the daemon runs" \
        "$(virsh -c "$uri" pool-create "$work/side.xml" 2>&1 || true)" \
        "pool side: this kernel's KVM has no guest_memfd that can be mapped"
    tap_is "KVM cannot map it: and nothing is left of it" \
        "$(virsh -q -c "$uri" pool-list --all --name | xargs)" default
    stop_broker
    tap_done
    exit
fi

program guest-memfd
program guest-memfd-lease

total=24
start_broker --pool default=$((total * 2))M,backing=guest_memfd
tap_like "the broker says what it leases" "$(<"$work/broker.log")" \
    'backing 4 KiB pages of one VM \(guest_memfd\)'
tap_like "and so does virsh" "$(virsh -c "$uri" pool-dumpxml default)" \
    '<labyrinth:backing>guest_memfd</labyrinth:backing>'

status=0
"$labyrinth" run --limit 16M "$demo_elf" selftest >"$work/tap" 2>"$work/err" || status=$?
tap_pass_on "selftest" <"$work/tap"
tap_is "selftest: exit status" "$status" 0

# Nothing of a grant is made at its first touch, here as elsewhere.
status=0
"$labyrinth" run --memory 4M --guarantee 14M --limit 20M "$demo_elf" resident \
    >"$work/tap" 2>"$work/err" || status=$?
tap_pass_on "resident" <"$work/tap"
tap_is "resident: exit status" "$status" 0

declare -A pid
for guest in ada bob; do
    mkfifo "$work/$guest"
    "$labyrinth" run --name "$guest" --guarantee 12M --limit 12M "$demo_elf" spin \
        >"$work/$guest" 2>"$work/$guest.err" &
    pid[$guest]=$!
    exec {console}<"$work/$guest"
    IFS= read -r _ <&"$console"
    cat <&"$console" >/dev/null &
done
status=0
audited=$("$labyrinth" audit) || status=$?
tap_is "two guests: the audit is clean" "$status" 0
tap_like "two guests: it saw their page frames" "$audited" \
    'checked: [0-9]{4,} page frames of [0-9]+ leases'
# A descriptor and a mapping of each, of nothing else.
held=$(awk '$1 == "ada" { print $4 }' <<<"$audited")
mapped=$(grep -c kvm-gmem "/proc/${pid[ada]}/maps")
kept=$(find "/proc/${pid[ada]}/fd" -lname '*kvm-gmem*' | wc -l)
tap_is "ada: descriptors, as leases held" "$kept" "$held"
[[ $mapped == "$held" ]] || grep -e kvm-gmem "/proc/${pid[ada]}/maps" | sed 's/^/# /'
tap_is "ada: mappings, as leases held" "$mapped" "$held"

# A process that took one of them from her: root can.
fd=$(find "/proc/${pid[ada]}/fd" -lname '*kvm-gmem*' -printf '%f\n' -quit)
mkfifo "$work/thief"
perl -e '$| = 1;
    my ($pid, $fd) = @ARGV;
    my ($PIDFD_OPEN, $PIDFD_GETFD) = (434, 438);
    my $copy = syscall($PIDFD_GETFD, syscall($PIDFD_OPEN, $pid + 0, 0), $fd + 0, 0);
    print "$copy\n"; sleep' "${pid[ada]}" "$fd" >"$work/thief" &
thief=$!
IFS= read -r copy <"$work/thief"
status=0
audited=$("$labyrinth" audit --json) || status=$?
tap_is "another process has a descriptor: the audit's status" "$status" 1
tap_like "another process has a descriptor: the audit says which" "$audited" \
    "process $thief has descriptor $copy of it"

# The size of such a pool is a wish, as of any.
resized() {
    virsh -q -c "$uri" allocpages 2M "$1" >/dev/null
    tap_is "allocpages 2M $1: the pool's size" \
        "$(virsh -c "$uri" pool-dumpxml default | sed -n "s/.* size='\([0-9]*\)'.*/\1/p")" "$1"
}
resized $((total + 4))
resized "$total"

kill -KILL "${pid[ada]}"
wait "${pid[ada]}" 2>/dev/null || true
kill -TERM "${pid[bob]}"
wait "${pid[bob]}" 2>/dev/null || true
if pool_whole "$total"; then
    tap_ok "one killed, one ended: the pool is whole"
else
    tap_not_ok "one killed, one ended: the pool is whole"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
