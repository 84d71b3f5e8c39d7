#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: stock virsh reaches the broker through ssh, as who may act
# and as who may look.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

host=127.0.0.77 port=22022
start_broker --pool default=64M --pool other=8M --state-dir "$work/state"
cat >"$work/ada.xml" <<END
<domain type='kvm'>
  <name>ada</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel>
    <cmdline>spin</cmdline></os>
</domain>
END

# Users of this test alone: root, whose home is here, and one who may look.
mkdir -p "$work/home/.ssh" "$work/bin" /run/sshd /run/helper /run/netcat
chmod 711 "$work"
sed "s|^root:.*|root:x:0:0::$work/home:/bin/sh|" /etc/passwd >"$work/passwd"
cat >>"$work/passwd" <<END
sshd:x:64056:65534::/run/sshd:/usr/sbin/nologin
looker:x:64057:65534::/:/bin/sh
END
printf '%s:*:19000:0:99999:7:::\n' root sshd looker >"$work/shadow"
mount --bind "$work/passwd" /etc/passwd
mount --bind "$work/shadow" /etc/shadow

# put COMMAND FOLDER PROGRAM: for those who come by ssh, who are noted.
put() {
    cat >"$work/bin/$1" <<END
#!/bin/sh
echo "$1" >>"$work/came"
exec $2/libraries/ld-linux-x86-64.so.2 --library-path $2/libraries \\
    $2/programs/$3 "\$@"
END
    chmod 755 "$work/bin/$1"
}
# The cache is its owner's; these are places that all may reach.
mount --bind "$LABYRINTH_SSH_HELPER" /run/helper
mount --bind "$LABYRINTH_NETCAT" /run/netcat
put virt-ssh-helper /run/helper virt-ssh-helper
put nc /run/netcat nc.openbsd

for key in host key; do
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/$key"
done
echo "[$host]:$port $(<"$work/host.pub")" >"$work/home/.ssh/known_hosts"
cat >"$work/sshd_config" <<END
ListenAddress $host
Port $port
HostKey $work/host
AuthorizedKeysFile $work/key.pub
PasswordAuthentication no
PermitRootLogin yes
PidFile none
SetEnv PATH=$work/bin:/usr/bin:/bin
StrictModes no
UsePAM no
END
mkfifo "$work/sshd.fifo"
client "$LABYRINTH_SSHD" sshd -D -e -r -f "$work/sshd_config" \
    2>"$work/sshd.fifo" &
exec {sshd_log}<"$work/sshd.fifo"
listens=no
while IFS= read -r line <&"$sshd_log"; do
    echo "$line" >>"$work/sshd.log"
    [[ $line != *"Server listening"* ]] || { listens=yes && break; }
done
cat <&"$sshd_log" >>"$work/sshd.log" &
tap_is "sshd listens" "$listens" yes

# far USER OPTIONS ARGUMENT...: virsh from afar, with options of the URI.
far() {
    local at="labyrinth+ssh://$1@$host:$port/system?keyfile=$work/key&no_tty=1$2"
    shift 2
    : >"$work/came" && chmod 666 "$work/came"
    virsh -q -c "$at" "$@" 2>&1
}
near() { virsh -q -c "$uri" "$@" 2>&1; }
netcat="&proxy=netcat&socket=/run/libvirt/virtlabyrinthd-sock"

tap_like "define" "$(far root "" define "$work/ada.xml")" "Domain '?ada'? defined|^$"
tap_is "by libvirt's helper" "$(<"$work/came")" virt-ssh-helper
tap_like "it is defined there" "$(near list --all)" 'ada +shut off'
for question in "list --all" "pool-list --details" "vol-list default --details" \
    "domstats" "freepages 0 2M" "pool-dumpxml other"; do
    # shellcheck disable=SC2086
    tap_is "$question" "$(far root "" $question)" "$(near $question)"
done
tap_is "by netcat: pool-list" "$(far root "$netcat" pool-list --details)" \
    "$(near pool-list --details)"
tap_is "it was netcat" "$(sort -u "$work/came")" nc
tap_like "start" "$(far root "" start ada)" "Domain '?ada'? started|^$"
tap_like "it runs there" "$(near list)" 'ada +running'
tap_like "destroy, by netcat" "$(far root "$netcat" destroy ada)" \
    "Domain '?ada'? destroyed|^$"
tap_like "it is off there" "$(near list --all)" 'ada +shut off'

# By ssh one is who has logged in, and no more.
tap_is "who may look looks" "$(far looker "" -r pool-list --details)" \
    "$(near pool-list --details)"
tap_like "and may not act" "$(far looker "" start ada || true)" \
    'Permission denied'
tap_like "nor where he would only look, but asks for more" \
    "$(far looker "&socket=/run/libvirt/virtlabyrinthd-sock-ro" start ada || true)" \
    'read only access|neither root nor'
tap_is "nothing came of it" "$(near domstate ada)" "shut off"
stop_broker
tap_is "the broker ends when asked" $? 0
[[ $listens == yes ]] || sed 's/^/# /' "$work/sshd.log"
tap_done
