#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Record what stock virsh and rpc-stub say to each other.

record.py STUB: writes NAME.txt beside this script, a line for each packet:
`>` of the client or `<` of the daemon, and its bytes in hexadecimal. Only to be
run again where an answer is meant to change; rpc-golden-test.c compares.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# Each is one connection. Nothing here depends on host or version, or is XML,
# which other tests read as such.
EXCHANGES = {
    "list": ["list", "--all"],
    "dominfo": ["dominfo", "alpha"],
    "domstats": ["domstats"],
    "dommemstat": ["dommemstat", "alpha"],
    "vcpucount": ["vcpucount", "alpha"],
    "memtune": ["memtune", "alpha"],
    "pool-list": ["pool-list", "--details"],
    "vol-list": ["vol-list", "default", "--details"],
    "vol-info": ["vol-info", "default/alpha"],
    "net-list": ["net-list"],
    "no-domain": ["dominfo", "nope"],
}

# With a pool that can be defined: by one command line of many.
POOL = """<pool type='labyrinth' xmlns:l='urn:labyrinth:libvirt:1'>
  <name>side</name>
  <capacity unit='MiB'>32</capacity>
  <l:pool><l:backing>shmem</l:backing><l:node>0</l:node></l:pool>
</pool>
"""
ACTS = {
    "act-pool-define": ["pool-define {pool}; pool-list --all; pool-info side;"
                        "pool-dumpxml side; pool-autostart side;"
                        "pool-list --autostart; pool-undefine side"],
    "act-pool-start": ["pool-define {pool}; pool-start side; "
                       "pool-destroy default; pool-start side"],
    "act-pool-refused": ["pool-define {bad}; pool-list --all"],
}

# Only what the client says in these is kept, for tests/fuzz: the
# arguments of each call, as `02`, its procedure, and the rest.
CALLS = [
    ["vcpuinfo", "alpha"], ["nodecpumap"], ["nodecpustats"], ["nodememstats"],
    ["nodeinfo"], ["capabilities"], ["domcapabilities"], ["version", "--daemon"],
    ["pool-capabilities"], ["hostname"], ["freepages", "--all"], ["freecell"],
    ["freecell", "0"], ["freepages", "--cellno", "-1", "--pagesize", "4"],
    ["dumpxml", "alpha"], ["metadata", "alpha", "--uri",
                           "urn:labyrinth:libvirt:1"],
    ["domcontrol", "alpha"], ["domstats", "alpha"], ["domstate", "alpha"],
    ["domuuid", "1"], ["domname", "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"],
    ["snapshot-list", "alpha"], ["maxvcpus"], ["list", "--title"],
    ["pool-dumpxml", "default"], ["pool-refresh", "default"],
    ["pool-name", "10111213-1415-1617-1819-1a1b1c1d1e1f"],
    ["vol-dumpxml", "alpha", "--pool", "default"],
    ["vol-pool", "labyrinth:default/alpha"], ["vol-info", "default/alpha"],
    ["event", "--all", "--timeout", "1"],
    ["event", "--domain", "alpha", "--event", "lifecycle", "--timeout", "1"],
    ["pool-event", "--event", "refresh", "--pool", "default", "--timeout", "1"],
]


def receive(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def relay(source, sink, mark, lines):
    """Packet by packet, so that each line is one."""
    while (head := receive(source, 4)) is not None:
        body = receive(source, struct.unpack(">I", head)[0] - 4)
        lines.append(f"{mark} {(head + body).hex()}\n")
        sink.sendall(head + body)
    sink.shutdown(socket.SHUT_WR)


def record(stub_socket, folder, arguments):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/proxy")
    listener.listen()
    lines = []
    with subprocess.Popen(["virsh", "-c", "labyrinth:///system?socket="
                           f"{folder}/proxy", *arguments],
                          stdout=subprocess.DEVNULL) as virsh:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(stub_socket)
        back = threading.Thread(target=relay,
                                args=(server, client, "<", lines))
        back.start()
        relay(client, server, ">", lines)
        back.join()
        virsh.wait()
    os.unlink(f"{folder}/proxy")
    return lines


def record_acts(stub, here):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("pool", POOL),
                           ("bad", POOL.replace("<name>", "<disk/><name>"))):
            Path(folder, name).write_text(text)
        for name, arguments in ACTS.items():
            with subprocess.Popen([stub, f"{folder}/run", "pools"],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE) as process:
                process.stdout.readline()
                lines = record(f"{folder}/run/virtlabyrinthd-sock", folder,
                               [arguments[0].format(pool=f"{folder}/pool",
                                                    bad=f"{folder}/bad")])
                (here / f"{name}.txt").write_text("".join(lines))
                process.stdin.close()


def main():
    here = Path(__file__).resolve().parent
    record_acts(sys.argv[1], here)
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen([sys.argv[1], f"{folder}/run"],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as stub:
            stub.stdout.readline()
            for name, arguments in EXCHANGES.items():
                lines = record(f"{folder}/run/virtlabyrinthd-sock", folder,
                               arguments)
                (here / f"{name}.txt").write_text("".join(lines))
            calls = set()
            for arguments in CALLS:
                for line in record(f"{folder}/run/virtlabyrinthd-sock", folder,
                                   arguments):
                    packet = bytes.fromhex(line[2:])
                    if line[0] == ">":
                        calls.add(bytes([2, packet[15], packet[14]]) +
                                  packet[28:])
            (here / "calls.hex").write_text(
                "".join(f"{call.hex()}\n" for call in sorted(calls)))
            stub.stdin.close()


if __name__ == "__main__":
    main()
