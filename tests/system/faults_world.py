# SPDX-License-Identifier: MIT
"""For faults_tries.py: a broker that comes and goes, ada, who lives through it
all and looks at her memory, and whoever comes besides. /run is ours alone."""

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

BUILD = Path(os.environ["abs_top_builddir"])
LABYRINTH = BUILD / "vmm/labyrinth"
LABYRINTHD = BUILD / "vmm/labyrinthd"
DEMO = BUILD / "guest/labyrinth-demo.elf"
TOTAL = 24  # leases
STATES = ("blank", "leased", "revoking", "dirty", "withdrawn")
# Seconds, for what takes one or two
PATIENCE = 240 if os.environ.get("LABYRINTH_TESTBED") == "emulated" else 90


class Wrong(Exception):
    """What may not be, whatever has failed."""


def until(what, true):
    """Ask until it is so."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        if time.monotonic() > end:
            raise Wrong(f"not in {PATIENCE} s: {what}")
        # Not a wait for anything: it leaves the processor to the others.
        time.sleep(0.01)
    return found


class Program:
    """A process; what it says goes to files."""

    numbers = itertools.count()

    def __init__(self, name, folder, command, **more):
        self.name = name
        number = next(Program.numbers)
        self.out = folder / f"{name}.{number}.out"
        self.log = folder / f"{name}.{number}.err"
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            # To the journal, as it thinks: there each line has its priority.
            there = os.fstat(log.fileno())
            journal = {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
            # And its service manager, with which it speaks by datagrams.
            self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM |
                                         socket.SOCK_NONBLOCK)
            journal["NOTIFY_SOCKET"] = f"@faults/{os.getpid()}/{id(self)}"
            self.manager.bind("\0" + journal["NOTIFY_SOCKET"][1:])
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL,
                stdout=out, stderr=log, env={**os.environ, **journal,
                                             **more.pop("env", {})}, **more)

    def said(self, file=None):
        return (file or self.log).read_text(errors="replace")

    def complaints(self):
        """Its warnings and errors."""
        return list(dict.fromkeys(re.findall(r"^<[34]>(.*)", self.said(),
                                             re.MULTILINE)))

    def ended(self):
        return self.process.poll() is not None

    def says(self, text, file=None):
        """Wait until it has said so; False if it ends without."""
        return until(f"{self.name} says {text}",
                     lambda: text in self.said(file) or self.ended()) and \
            text in self.said(file)

    def ready(self):
        """Likewise, of a broker that has told its manager, or the log."""
        def told():
            with contextlib.suppress(BlockingIOError):
                return self.manager.recv(64).startswith(b"READY")
            return "ready: " in self.said()
        return until(f"{self.name} is ready",
                     lambda: "yes" if told() else "no" if self.ended()
                     else None) == "yes"

    def turns(self, more):
        """Wait for so many lines; False if it ends before."""
        def count():
            return self.said(self.out).count("\n")
        wanted = count() + more
        until(f"{self.name} takes {more} turns",
              lambda: count() >= wanted or self.ended())
        for line in self.said(self.out).splitlines()[:-1]:
            if not re.fullmatch(r"turn \d+: \d+ blocks intact", line):
                raise Wrong(f"{self.name} says: {line}")
        return not self.ended()

    def status(self):
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Wrong(f"{self.name} hangs") from None

    def terminate(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        return self.status()

    def kill(self):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.broker = self.begin_broker()
        if not self.broker.ready():
            raise Wrong(f"no broker: {self.broker.said()}")
        self.ada = self.guest("ada", "keep", 0, 100, guarantee="18M",
                              limit="18M")
        if not self.ada.turns(1):
            raise Wrong(f"no ada: {self.ada.said()}")
        (self.folder / "eve.xml").write_text(
            "<domain type='kvm'><name>eve</name>"
            "<memory unit='MiB'>8</memory>"
            "<memtune><min_guarantee unit='MiB'>4</min_guarantee></memtune>"
            "<os><type arch='x86_64'>hvm</type>"
            f"<kernel>{DEMO}</kernel><cmdline>spin</cmdline></os></domain>")
        (self.folder / "side.xml").write_text(
            "<pool type='labyrinth'><name>side</name>"
            "<capacity unit='MiB'>4</capacity></pool>")

    def begin_broker(self, prefix=(), options=(), **more):
        return Program("broker", self.folder, [
            *prefix, LABYRINTHD, "--pool", f"default={TOTAL * 2}M",
            "--state-dir", self.folder / "state",
            "--adopt-timeout", 120000, *options], **more)

    def end_broker(self):
        status = self.broker.terminate()
        if status != 0:
            raise Wrong(f"the broker ends with {status}: {self.broker.said()}")

    def need_broker(self):
        """One that nothing happens to, and that has found ada."""
        if self.broker.ended():
            self.broker = self.begin_broker()
            if not self.broker.ready():
                raise Wrong("no broker after it: " + self.broker.said())
        until("ada is back", lambda: "guest ada is back" in
              self.broker.said() or self.knows_ada())

    def command(self, name, exercise, *words, prefix=(), broker=True, **more):
        sizes = [f"--{key}={value}" for key, value in more.items()]
        place = ["--broker", "/run/labyrinth/broker.sock"] if broker else []
        return [*prefix, LABYRINTH, "run", "--name", name, *place, *sizes,
                "--kernel-timeout", 200, DEMO, exercise, *words]

    def guest(self, name, exercise, *words, env=None, **more):
        return Program(name, self.folder,
                       self.command(name, exercise, *words, **more),
                       env=env or {})

    def begin_tool(self, *command):
        return Program(Path(command[0]).name, self.folder, command)

    def tool(self, *command):
        """(status, what it says)"""
        program = self.begin_tool(*command)
        status = program.status()
        return status, program.said(program.out) + program.said()

    def virsh(self, commands):
        return self.tool("virsh", "-q", "-c", "labyrinth:///system", commands)

    def audit(self):
        program = Program("audit", self.folder, [LABYRINTH, "audit", "--json"])
        status = program.status()
        if status == 2:  # the broker's failure may be its own
            return {"guests": [], "pools": []}
        if status != 0:
            raise Wrong(f"the audit: {status}: {program.said(program.out)} "
                        f"{program.said()}")
        return json.loads(program.said(program.out))

    def knows_ada(self):
        return any(guest["name"] == "ada" for guest in self.audit()["guests"])

    def alone(self):
        """Does nobody but ada hold anything, and is the rest good?"""
        said = self.audit()
        pool = next((p for p in said["pools"] if p["name"] == "default"), None)
        if pool is None:
            return False
        if sum(pool[state] for state in STATES) != pool["leases"]:
            raise Wrong(f"the states do not sum up: {pool}")
        if pool["blank"] + pool["leased"] > TOTAL:
            self.virsh(f"allocpages 2M {TOTAL}")  # as it was
        return [guest["name"] for guest in said["guests"]] == ["ada"] and \
            pool["leased"] == 9 and pool["blank"] == TOTAL - 9

    def check(self):
        """Nothing is lost."""
        self.need_broker()
        until("all is back", self.alone)
        if not self.ada.turns(2):
            raise Wrong(f"ada is dead: {self.ada.said()}")
        if re.search("which holds|without a broker", self.ada.said()):
            raise Wrong(f"ada and the broker differ: {self.ada.said()}")

    def sweep(self):
        """Nobody but ada is left: /proc has nobody but ours."""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[0].endswith(b"labyrinth") and b"ada" not in words:
                    os.kill(int(folder.name), signal.SIGKILL)

    def logs(self):
        """The ends of the latest."""
        logs = sorted(self.folder.glob("*.err"),
                      key=lambda log: log.stat().st_mtime)
        return [f"{log.name}: {log.read_text(errors='replace')[-400:]}"
                for log in logs[-4:] if log.stat().st_size]

    def end(self):
        self.sweep()
        for program in self.ada, self.broker:
            program.kill()
