#!/bin/bash
# SPDX-License-Identifier: MIT
# Stock virsh against the endpoint over a broker that never moves (rpc-stub.c):
# what it prints, line by line. Needs no KVM and no root.

. "$abs_top_srcdir/tests/unit/rpc-stub.sh"

start_stub

# Guests

is list <<'END'
 Id   Name           State
------------------------------
 1    alpha          running
 7    beta <&> two   running
END
is list --all <<'END'
 Id   Name           State
------------------------------
 1    alpha          running
 7    beta <&> two   running
END
is list --uuid <<END
$alpha
$beta
END
is list --name <<'END'
alpha
beta <&> two
END
is list --title <<'END'
 Id   Name           State     Title
--------------------------------------
 1    alpha          running
 7    beta <&> two   running
END
is list --name --inactive </dev/null
is list --name --persistent </dev/null
is list --name --transient --state-running <<'END'
alpha
beta <&> two
END
is domstate alpha --reason <<<"running (booted)"
is domid alpha <<<1
is domuuid 7 <<<"$beta"
is domname "$alpha" <<<alpha
is dominfo alpha <<END
Id:             1
Name:           alpha
UUID:           $alpha
OS Type:        hvm
State:          running
CPU(s):         4
Max memory:     65536 KiB
Used memory:    24576 KiB
Persistent:     no
Autostart:      disable
Managed save:   no
END
is vcpucount alpha <<'END'
maximum      live           4
current      live           4
END
has "<domain type='kvm' id='1'>" dumpxml alpha
is dumpxml 7 --xpath '/domain/name/text()' <<<'beta &lt;&amp;&gt; two'
is dumpxml 7 --xpath "/domain/currentMemory[@unit='KiB']/text()" <<<16384
is dumpxml 7 --xpath '/domain/memtune/min_guarantee/text()' <<<16384
is dumpxml 7 --xpath '/domain/memtune/hard_limit/text()' <<<32768
is dumpxml 7 --xpath '/domain/os/type/text()' <<<hvm
is dumpxml alpha --xpath '/domain/vcpu/text()' <<<4
is dumpxml 7 --xpath '/domain/vcpu/text()' <<<1

# Pools

is pool-list <<'END'
 Name      State    Autostart
-------------------------------
 default   active   yes
 huge      active   yes
END
sed 's/|//' >"$work/details" <<'END'
| Name      State      Autostart   Persistent   Capacity     Allocation   Available
|-------------------------------------------------------------------------------------
| default   running    yes         yes          256.00 MiB   44.00 MiB    212.00 MiB
| huge      degraded   yes         yes          128.00 MiB   0.00 B       126.00 MiB
END
is pool-list --details <"$work/details"
is pool-list --all --details <"$work/details"
is pool-list --name --inactive </dev/null
is pool-list --name --transient </dev/null
is pool-list --name --type dir </dev/null
is pool-list --name --autostart --persistent <<'END'
default
huge
END
is pool-info default <<END
Name:           default
UUID:           $default
State:          running
Persistent:     yes
Autostart:      yes
Capacity:       256.00 MiB
Allocation:     44.00 MiB
Available:      212.00 MiB
END
is pool-uuid default <<<"$default"
is pool-name "$default" <<<default
is pool-refresh default <<<"Pool default refreshed"
has "<pool type='labyrinth' xmlns:labyrinth='.*'>" pool-dumpxml default
has " *<capacity unit='bytes'>268435456</capacity>" pool-dumpxml default
has " *<allocation unit='bytes'>46137344</allocation>" pool-dumpxml default
has " *<available unit='bytes'>222298112</available>" pool-dumpxml default
has " *<labyrinth:backing>shmem</labyrinth:backing>" pool-dumpxml default
has " *<labyrinth:backing>hugetlb</labyrinth:backing>" pool-dumpxml huge
has " *<labyrinth:node>1</labyrinth:node>" pool-dumpxml huge
has " *<labyrinth:state name='revoking' leases='2'/>" pool-dumpxml default
has " *<labyrinth:state name='withdrawn' leases='1'/>" pool-dumpxml huge
has " *<labyrinth:watermarks unit='2MiB' min='2' low='3' high='4' available='106' level='none'/>" \
    pool-dumpxml default
has " *<labyrinth:watermarks .* available='1' level='critical'/>" \
    pool-dumpxml huge

# Volumes

is vol-list default <<'END'
 Name           Path
--------------------------------------
 alpha          default/alpha
 beta <&> two   default/beta <&> two
END
is vol-list default --details <<'END'
 Name           Path                   Type   Capacity    Allocation
----------------------------------------------------------------------
 alpha          default/alpha          file   64.00 MiB   24.00 MiB
 beta <&> two   default/beta <&> two   file   32.00 MiB   16.00 MiB
END
is vol-list huge <<'END'
 Name   Path
--------------
END
cat >"$work/vol-info" <<'END'
Name:           alpha
Type:           file
Capacity:       64.00 MiB
Allocation:     24.00 MiB
END
is vol-info alpha --pool default <"$work/vol-info"
is vol-info labyrinth:default/alpha <"$work/vol-info"
is vol-info default/alpha <"$work/vol-info"
is vol-path alpha --pool default <<<default/alpha
is vol-key alpha --pool default <<<labyrinth:default/alpha
is vol-name default/alpha <<<alpha
is vol-pool labyrinth:default/alpha <<<default
has " *<key>labyrinth:default/alpha</key>" vol-dumpxml alpha --pool default
has " *<labyrinth:lease extent='16' count='8' generation='3'/>" \
    vol-dumpxml alpha --pool default
has " *<labyrinth:lease extent='40' generation='1'/>" \
    vol-dumpxml alpha --pool default
has " *<labyrinth:more>3</labyrinth:more>" vol-dumpxml alpha --pool default
has " *<labyrinth:leases unit='2MiB' held='12' boot='4' guarantee='8' limit='32'/>" \
    vol-dumpxml alpha --pool default

# The host

cpus=$(getconf _NPROCESSORS_ONLN)
is hostname <<<"$(uname -n)"
has "labyrinth:///system.*" uri
has "CPU model: *x86_64" nodeinfo
has "CPU\\(s\\): *$cpus" nodeinfo
has "Memory size: *[1-9][0-9]+ KiB" nodeinfo
has "Running hypervisor: Labyrinth [0-9]+\\.[0-9]+\\.[0-9]+" version --daemon
has "Running against daemon: [0-9.]+" version --daemon
has " *<domain type='kvm'/>" capabilities
has "4KiB: [1-9][0-9]*" freepages --all
has "4KiB: [1-9][0-9]*" freepages 0 4
# Leases: those that are free of both pools, and of the one on a cell.
is freepages --cellno -1 --pagesize 2048 <<<"2048KiB: 169"

# The size of a pool
size() { has " *<labyrinth:leases unit='2MiB' total='$2' size='$3' .*>" pool-dumpxml "$1"; }

size default 128 128
on $rw allocpages 2M 130 >"$work/got"
say $? "allocpages sets the size of the pool that is called default"
size default 128 130
on $rw allocpages 2M 3 --add >"$work/got"
say $? "allocpages --add adds to it"
size default 128 133
size huge 64 64
has "Total: *[1-9][0-9]* KiB" freecell --all
is maxvcpus <<<64

# What is refused, and how

unsupported="not supported by the connection driver"
refused "$unsupported" $rw destroy alpha
refused "$unsupported" $rw shutdown alpha
refused "$unsupported" $rw setmem alpha 4096
refused "$unsupported" $rw domfsinfo alpha
refused "not that, nothing is changed" $rw allocpages 2M 0
refused "too much, nothing is changed" $rw allocpages 2M 1001
refused "too much, nothing is changed" $rw allocpages 2M 18446744073709551615 --add
refused "pages of 4 KiB are the kernel's" $rw allocpages 4 1
refused "pages of 1048576 KiB are the kernel's" $rw allocpages 1G 1
refused "no 1 cells from cell 4096" $rw allocpages 2M 1 --cellno 4096
refused "read only access" $ro allocpages 2M 4
refused "$unsupported" $rw pool-destroy default
refused "$unsupported" $rw vol-delete alpha --pool default
refused "no pool with the name 'nope'" $rw pool-info nope
refused "no guest's share with" $rw vol-info nope --pool default
refused "failed to get domain 'nope'" $rw dominfo nope
refused "no cell 4096" $rw freepages 4096 4
refused "read only access" $ro pool-refresh default
refused "read only access" $ro dumpxml alpha --security-info

stop_stub
say $? "the daemon ends clean"

# The longest list that clients take, and one more

start_stub 16384
on $rw list --name >"$work/got"
[ "$(wc -l <"$work/got")" = 16384 ]
say $? "16384 guests in one list"
stop_stub
start_stub 10000
on $rw list --all >"$work/got"
[ "$(grep -c ' running$' "$work/got")" = 10000 ]
say $? "10000 guests, and the state of each"
on $rw vol-list default --details >"$work/got"
[ "$(grep -c '64.00 MiB   24.00 MiB$' "$work/got")" = 10000 ]
say $? "10000 shares, and what each holds"
on $rw domstats --balloon >"$work/got"
[ "$(grep -c 'balloon.current=24576$' "$work/got")" = 10000 ]
say $? "the statistics of 10000 guests"
stop_stub
start_stub 16385
refused "too many domains" $rw list
stop_stub
say $? "the daemon ends clean after long lists"

finish
