#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stock clients say of a guest that is still, against the ledger.

libvirt-client.py BLOCKS FOLDER: guest ada holds BLOCKS blocks of 64 pages and
does nothing more. Prints TAP.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree

import libvirt

URI = "labyrinth:///system"
BUILD = os.environ["abs_top_builddir"]
LABYRINTH = f"{BUILD}/vmm/labyrinth"
DOCS = f"{os.environ['abs_top_srcdir']}/docs"
DEMO = f"{BUILD}/guest/labyrinth-demo.elf"
SPACE = {"l": "urn:labyrinth:libvirt:1"}
LEASE = 2 << 20
BLOCK = 64  # pages
DEADLINE = 60 * 1000  # ms, for what must come

count = failed = 0


def check(what, got, wanted):
    global count, failed
    count += 1
    if got == wanted:
        print(f"ok {count} - {what}", flush=True)
        return
    failed += 1
    print(f"not ok {count} - {what}\n# got:    {got!r}\n# wanted: {wanted!r}",
          flush=True)


def audit():
    done = subprocess.run([LABYRINTH, "audit", "--json"], check=True,
                          stdout=subprocess.PIPE)
    said = json.loads(done.stdout)
    return ({guest["name"]: guest for guest in said["guests"]},
            {pool["name"]: pool for pool in said["pools"]})


def virsh(*arguments):
    done = subprocess.run(["virsh", "-q", "-r", "-c", URI, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.stdout.strip()


def is_the_ledgers(connection, blocks):
    guests, pools = audit()
    ada = guests["ada"]
    domain = connection.lookupByName("ada")
    check("domains are the ledger's guests",
          [d.name() for d in connection.listAllDomains()], sorted(guests))
    check("ada's id", domain.ID(), ada["id"])
    state, most, memory, vcpus, time = domain.info()
    check("ada's state, bounds and processors", (state, most, memory, vcpus),
          (libvirt.VIR_DOMAIN_RUNNING, ada["limit"] * 2048,
           ada["held"] * 2048, 3))
    check("its VMM took some time", time > 0, True)
    check("virsh counts its processors", virsh("vcpucount", "ada", "--live",
                                               "--current"), "3")
    check("pools are the ledger's",
          sorted(p.name() for p in connection.listAllStoragePools()),
          sorted(pools))
    for name, pool in pools.items():
        _, size, used, free = connection.storagePoolLookupByName(name).info()
        check(f"pool {name}: capacity, allocation, available",
              (size, used, free),
              (pool["leases"] * LEASE, pool["leased"] * LEASE,
               (pool["blank"] + pool["dirty"]) * LEASE))
    volume = connection.storagePoolLookupByName("default") \
        .storageVolLookupByName("ada")
    check("ada's share: capacity and allocation", tuple(volume.info()[1:]),
          (ada["limit"] * LEASE, ada["held"] * LEASE))
    element = ElementTree.fromstring(volume.XMLDesc()).find("l:guest", SPACE)
    leases = element.find("l:leases", SPACE)
    check("its XML has owner, backing, guarantee",
          (int(element.findtext("l:pid", None, SPACE)),
           element.findtext("l:backing", None, SPACE),
           int(leases.get("guarantee")), int(leases.get("held"))),
          (ada["pid"], pools["default"]["backing"], ada["guarantee"],
           ada["held"]))
    statistics(domain, ada, int(leases.get("boot")), blocks)


def statistics(domain, ada, boot, blocks):
    said = domain.connect().domainListGetStats([domain])[0][1]
    check("statistics: leases", said["labyrinth.leases"], ada["held"])
    check("statistics: balloon", said["balloon.current"], ada["held"] * 2048)
    check("statistics: what was granted",
          (said["labyrinth.grants.kernel"], said["labyrinth.grants.atomic"],
           said["labyrinth.pages.granted"]), (blocks, 0, blocks * BLOCK))
    check("statistics: granted and free pages are the window's",
          said["labyrinth.pages.granted"] + said["labyrinth.pages.free"],
          (ada["held"] - boot) * 512)
    check("statistics: it was refused once, and stopped",
          (said["labyrinth.grants.failed"],
           said["labyrinth.grants.failed.kernel"],
           said["labyrinth.releases"]), (1, 1, 0))
    check("statistics: virsh prints the same",
          set(virsh("domstats", "--vm", "ada").split()) >=
          {f"labyrinth.leases={ada['held']}",
           f"labyrinth.grants.kernel={blocks}"}, True)
    check("memory statistics", domain.memoryStats()["unused"],
          said["labyrinth.pages.free"] * 4)


def events(connection):
    heard = []

    def lifecycle(_, domain, event, detail, __):
        heard.append((domain.name(), event, detail))

    def balloon(_, domain, actual, __):
        heard.append((domain.name(), "balloon", actual % 2048))

    def wait(wanted):
        late = []
        timer = libvirt.virEventAddTimeout(
            DEADLINE, lambda *_: late.append(True), None)
        while wanted not in heard and not late:
            libvirt.virEventRunDefaultImpl()
        libvirt.virEventRemoveTimeout(timer)
        check(f"event: {wanted}", wanted in heard, True)

    ids = [connection.domainEventRegisterAny(None, event, function, None)
           for event, function in (
               (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle),
               (libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, balloon))]
    with subprocess.Popen([LABYRINTH, "run", "--name", "bob", "--guarantee",
                           "4M", "--limit", "64M", DEMO, "spin"],
                          stdout=subprocess.DEVNULL) as bob:
        wait(("bob", libvirt.VIR_DOMAIN_EVENT_STARTED,
              libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED))
        wait(("bob", "balloon", 0))
        bob.kill()
        wait(("bob", libvirt.VIR_DOMAIN_EVENT_STOPPED,
              libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN))
    for number in ids:
        connection.domainEventDeregisterAny(number)


def refuses(connection):
    code = None
    try:
        connection.storagePoolLookupByName("default").refresh()
    except libvirt.libvirtError as error:
        code = error.get_error_code()
    check("a read-only connection may look only", code,
          libvirt.VIR_ERR_OPERATION_DENIED)


def exporter(folder):
    """Prometheus' exporter: it opens the socket to write, and only reads."""
    log = open(f"{folder}/exporter.log", "w+", encoding="utf-8")
    with subprocess.Popen(
            ["prometheus-libvirt-exporter", f"--libvirt.uri={URI}",
             "--web.listen-address=127.0.0.1:9177"],
            stdout=log, stderr=log) as process:
        page = ""
        # It says nothing when it listens.
        while process.poll() is None:
            try:
                with urllib.request.urlopen(
                        "http://127.0.0.1:9177/metrics") as answer:
                    page = answer.read().decode()
                break
            except ConnectionError:
                continue
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise
        process.send_signal(signal.SIGKILL)
    said = {}
    for line in page.splitlines():
        match = re.match(r'(libvirt_[a-z_]+)(?:\{.*domain="ada".*\})? (\S+)$',
                         line)
        if match:
            said[match[1]] = float(match[2])
    # What is of a domain but ada has a name all the same.
    names = set(re.findall(r"^(libvirt_\w+)", page, re.M))
    held = audit()[0]["ada"]["held"]
    check("exporter: libvirt is up", said.get("libvirt_up"), 1.0)
    check("exporter: ada's memory",
          said.get("libvirt_domain_info_memory_usage_bytes"),
          float(held * LEASE))
    check("exporter: ada's processors",
          said.get("libvirt_domain_info_virtual_cpus"), 3.0)
    return names


def dashboard(exported):
    """Each metric of the dashboard is one of the exporter's, or of the lines of
    Python that the recipes have beside it, which are run."""
    recipes = open(f"{DOCS}/libvirt-recipes.md", encoding="utf-8").read()
    lines = re.search(r"textfile collector.*?```python\n(.*?)```", recipes,
                      re.S)[1]
    printed = subprocess.run([sys.executable, "-c", lines], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    exported = exported | set(re.findall(r"^(labyrinth_\w+)\{", printed, re.M))
    with open(f"{DOCS}/grafana-dashboard.json", encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    asked = {name for panel in panels for target in panel["targets"]
             for name in re.findall(r"\b[a-z]+_\w+", target["expr"])}
    check("dashboard: it asks for something", len(asked) > 10, True)
    check("dashboard: each metric is exported", sorted(asked - exported), [])
    _, pools = audit()
    check("dashboard: the pools' sizes are the ledger's",
          dict(re.findall(r'^labyrinth_storage_capacity_bytes'
                          r'\{pool="(\w+)"\} (\d+)$', printed, re.M)),
          {name: str(pool["leases"] * LEASE) for name, pool in pools.items()})


def main():
    blocks, folder = int(sys.argv[1]), sys.argv[2]
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    connection = libvirt.openReadOnly(URI)
    is_the_ledgers(connection, blocks)
    events(connection)
    refuses(connection)
    dashboard(exporter(folder))
    connection.close()
    print(f"1..{count}", flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
