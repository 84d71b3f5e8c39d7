#!/bin/bash
# SPDX-License-Identifier: MIT
# Numbers by stock virsh: of guests in bulk and one by one, and of the host.

. "$abs_top_srcdir/tests/unit/rpc-stub.sh"

start_stub

# Guests

is domstats alpha <<'END'
Domain: 'alpha'
  state.state=1
  state.reason=1
  cpu.time=0
  cpu.user=0
  cpu.system=0
  balloon.current=24576
  balloon.maximum=65536
  balloon.unused=12360
  vcpu.current=4
  vcpu.maximum=4
  vcpu.0.state=1
  vcpu.1.state=1
  vcpu.2.state=1
  vcpu.3.state=1
  net.count=0
  block.count=0
  iothread.count=0
  labyrinth.pool=default
  labyrinth.leases=12
  labyrinth.leases.boot=4
  labyrinth.leases.guarantee=8
  labyrinth.leases.limit=32
  labyrinth.pool.pressure=0
  labyrinth.pool.available=106
  labyrinth.pool.min=2
  labyrinth.pool.low=3
  labyrinth.pool.high=4
  labyrinth.grants.atomic=1001
  labyrinth.grants.nowait=1002
  labyrinth.grants.kernel=1003
  labyrinth.grants.failed=36
  labyrinth.grants.failed.atomic=11
  labyrinth.grants.failed.nowait=12
  labyrinth.grants.failed.kernel=13
  labyrinth.releases=2000
  labyrinth.mistakes=5
  labyrinth.calls=5047
  labyrinth.refills=3
  labyrinth.pages.granted=1006
  labyrinth.pages.free=3090
  labyrinth.pages.min=100
  labyrinth.pages.low=125
  labyrinth.pages.high=18446744073709551615
  labyrinth.pressure=1
END
# Of a guest whose VMM counts nothing.
is domstats 7 --balloon --vm <<'END'
Domain: 'beta <&> two'
  balloon.current=16384
  balloon.maximum=32768
  labyrinth.pool=default
  labyrinth.leases=8
  labyrinth.leases.boot=4
  labyrinth.leases.guarantee=8
  labyrinth.leases.limit=16
  labyrinth.pool.pressure=0
  labyrinth.pool.available=106
  labyrinth.pool.min=2
  labyrinth.pool.low=3
  labyrinth.pool.high=4
END
is domstats --state --vcpu --list-active --list-transient <<'END'
Domain: 'alpha'
  state.state=1
  state.reason=1
  vcpu.current=4
  vcpu.maximum=4
  vcpu.0.state=1
  vcpu.1.state=1
  vcpu.2.state=1
  vcpu.3.state=1
Domain: 'beta <&> two'
  state.state=1
  state.reason=1
  vcpu.current=1
  vcpu.maximum=1
  vcpu.0.state=1
END
is domstats --list-inactive </dev/null
is domstats --state --list-persistent </dev/null
is domstats --interface --block --iothread --enforce 7 <<'END'
Domain: 'beta <&> two'
  net.count=0
  block.count=0
  iothread.count=0
END
is domstats --perf 7 <<<"Domain: 'beta <&> two'"
refused "no statistics of the groups 0x40" $rw domstats --perf --enforce 7
is dommemstat alpha <<'END'
actual 24576
rss 0
available 24576
unused 12360
usable 12360
END
is dommemstat 7 <<'END'
actual 16384
rss 0
END
is memtune alpha <<'END'
hard_limit     : 65536
min_guarantee  : 16384
END
is domcontrol alpha <<<ok
is snapshot-list alpha --name </dev/null
refused "no guest with the uuid|failed to get domain" $rw domcontrol nope

# What libvirt has no word for

cat >"$work/metadata" <<'END'
<labyrinth:guest xmlns:labyrinth='urn:labyrinth:libvirt:1'>
  <labyrinth:name>alpha</labyrinth:name>
  <labyrinth:pool>default</labyrinth:pool>
  <labyrinth:backing>shmem</labyrinth:backing>
  <labyrinth:pid>8388608</labyrinth:pid>
  <labyrinth:leases unit='2MiB' held='12' boot='4' guarantee='8' limit='32'/>
  <labyrinth:pages granted='1006' free='3090' min='100' low='125' high='18446744073709551615'/>
  <labyrinth:grants atomic='1001' nowait='1002' kernel='1003' released='2000'/>
  <labyrinth:failed atomic='11' nowait='12' kernel='13'/>
</labyrinth:guest>
END
is metadata alpha --uri urn:labyrinth:libvirt:1 <"$work/metadata"
refused "metadata not found" $rw metadata alpha --uri urn:other
is desc alpha <<<"No description for domain: alpha"

# Processors

cpus=$(sed 's/.*-//' /sys/devices/system/cpu/present)
is nodecpumap <<END
CPUs present:   $((cpus + 1))
CPUs online:    $(getconf _NPROCESSORS_ONLN)
CPU map:        $(printf 'y%.0s' $(seq "$(getconf _NPROCESSORS_ONLN)"))
END
has "user: +[1-9][0-9]*" nodecpustats
has "idle: +[1-9][0-9]*" nodecpustats --cpu 0
has "iowait: +[0-9]+\\.[0-9]%" nodecpustats --percent
refused "no CPU 4096" $rw nodecpustats --cpu 4096
on $rw vcpuinfo alpha >"$work/got"
[ "$(grep -c '^State: *running' "$work/got")" = 4 ]
say $? "vcpuinfo: four of them"

# The host

total=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo)
has "total *: *$total KiB" nodememstats
has "cached *: *[1-9][0-9]* KiB" nodememstats
has "free *: *[1-9][0-9]* KiB" nodememstats --cell 0
refused "no cell 4096" $rw nodememstats --cell 4096
has " *<vcpu max='64'/>" domcapabilities
refused "of kvm on x86_64 alone" $rw domcapabilities --arch aarch64
has " *<pool type='labyrinth' supported='yes'/>" pool-capabilities

# What there is none of

for list in net-list nodedev-list secret-list iface-list nwfilter-list; do
    on $rw -q $list >"$work/got" && [ ! -s "$work/got" ]
    say $? "$list: none"
done

# Looking is all that any of this is.

is_ro=$(on $ro domstats --balloon alpha)
[ "$(wc -l <<<"$is_ro")" = 4 ]
say $? "the read-only socket will do"

stop_stub
say $? "the daemon ends clean"
finish
