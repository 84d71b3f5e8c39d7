#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults_tries.py TABLE: each system call that broker and VMM make fails once,
in turn, as the kernel could have it fail. Whatever fails is overcome, or ends
in a sentence that says why; nothing is lost, and who did not make the call does
not notice. TAP; what happened goes to the file TABLE, as Markdown.

A call is told from others by its place in the program, its number and kind
(fault-at.c). The surroundings may ask:
  LABYRINTH_FAULTS_TRIES  so many of each scenario, and no more
  LABYRINTH_FAULTS_HITS   of each call so many: the first, the last, and between
                          (3)
  LABYRINTH_FAULTS_ERRORS with so many errnos each (all)
  LABYRINTH_FAULTS_ONLY   a pattern of scenarios
  LABYRINTH_FAULTS_CALLS  a pattern of calls
"""

import errno
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import faults_world
from faults_world import BUILD, LABYRINTH, LABYRINTHD, Wrong, until

FAULT_AT = BUILD / "tests/system/fault-at"
TRIES = int(os.environ.get("LABYRINTH_FAULTS_TRIES") or 0)
HITS = int(os.environ.get("LABYRINTH_FAULTS_HITS", "3"))
ERRNOS = int(os.environ.get("LABYRINTH_FAULTS_ERRORS", "9"))
ONLY = re.compile(os.environ.get("LABYRINTH_FAULTS_ONLY", ""))
WHICH = re.compile(os.environ.get("LABYRINTH_FAULTS_CALLS", ""))

# What the kernel could say; ENOMEM, where nothing is said here.
ERRORS = {name: errors.split() for name, errors in {
    "accept4": "EMFILE ECONNABORTED EINTR", "access": "EACCES",
    "bind": "EADDRINUSE ENOSPC", "chmod": "EPERM", "clone": "EAGAIN ENOMEM",
    "clone3": "EAGAIN ENOMEM", "close": "EINTR EIO",
    "connect": "ECONNREFUSED EAGAIN EINTR", "dup2": "EMFILE EINTR",
    "epoll_create1": "EMFILE ENOMEM", "epoll_ctl": "ENOMEM ENOSPC",
    "epoll_wait": "EINTR", "epoll_pwait2": "EINTR",
    "eventfd2": "EMFILE ENOMEM",
    "execve": "ENOENT ENOMEM", "faccessat": "EACCES", "faccessat2": "EACCES",
    "fallocate": "ENOSPC ENOMEM EINTR", "fchmod": "EPERM",
    "fchown": "EPERM", "fcntl": "EAGAIN",
    "flock": "EINTR ENOLCK", "fsync": "EIO", "ftruncate": "EIO EINTR",
    "getdents64": "EIO ENOMEM", "getrandom": "EINTR",
    "ioctl": "ENOMEM EINTR", "listen": "EADDRINUSE", "lseek": "EIO",
    "madvise": "ENOMEM EAGAIN", "memfd_create": "EMFILE ENOMEM",
    "mincore": "ENOMEM EAGAIN", "mkdir": "ENOSPC EACCES",
    "openat": "EMFILE ENOMEM EINTR", "pidfd_open": "EMFILE ENOMEM",
    "pipe2": "EMFILE", "poll": "EINTR ENOMEM", "ppoll": "EINTR ENOMEM",
    "pread64": "EIO EINTR", "prlimit64": "EPERM",
    "pwrite64": "EIO ENOSPC EINTR", "read": "EIO EINTR EAGAIN",
    "readlink": "ENOMEM", "recvfrom": "ENOMEM EINTR ECONNRESET",
    "recvmsg": "ENOMEM EINTR ECONNRESET", "rename": "ENOSPC EIO",
    "renameat": "ENOSPC EIO", "sendmsg": "ENOBUFS EINTR EPIPE",
    "sendto": "ENOBUFS EINTR EPIPE", "shutdown": "ENOTCONN",
    "signalfd4": "EMFILE ENOMEM", "socket": "EMFILE ENOBUFS",
    "socketpair": "EMFILE ENOBUFS", "tgkill": "EAGAIN",
    "timer_create": "EAGAIN", "timerfd_create": "EMFILE ENOMEM",
    "unlink": "EACCES EROFS", "unlinkat": "EACCES EROFS",
    "wait4": "EINTR", "waitid": "EINTR",
    # A counter that is full, or empty, is another matter.
    "write eventfd": "EIO EINTR", "read eventfd": "EIO EINTR EAGAIN",
    "read timerfd": "EIO EINTR EAGAIN", "read signalfd": "EIO EINTR EAGAIN",
    # To ask what KVM can do does not take memory, but the module may go.
    "KVM_CHECK_EXTENSION": "EPERM", "KVM_GET_API_VERSION": "EPERM",
    "KVM_GET_VCPU_MMAP_SIZE": "EPERM",
    "KVM_RUN": "EINTR ENOMEM EFAULT",
    "write": "EIO ENOSPC EINTR EAGAIN", "writev": "EIO ENOSPC EINTR EAGAIN",
}.items()}

# Which of these nobody is to notice: they are tried again.
OVERCOME = re.compile("""fd.c fd_(send|receive): .* (EINTR|ENOBUFS|ENOMEM)
.*: write eventfd .*
.*: (connect|epoll_wait|poll|KVM_CREATE_VM|KVM_RUN) EINTR
memory.c reserve_again: mmap ENOMEM""".replace("\n", "|"))

# These do not fail, or not so that the program could be told.
NEVER = set("""arch_prctl brk clock_gettime exit exit_group futex getegid
    geteuid getgid getpid getppid gettid getuid pause restart_syscall rseq
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sched_yield
    set_robust_list set_tid_address timer_delete timer_settime umask
    """.split())
NEVER_KINDS = {("fcntl", os_kind) for os_kind in (1, 3)}  # F_GETFD, F_GETFL


def numbers(header, pattern, base):
    """Name by number, as a header of the kernel's has them."""
    names = {}
    text = Path(header).read_text(encoding="ascii", errors="replace")
    for name, number in re.findall(pattern, text, re.MULTILINE):
        names.setdefault(int(number, base), name)
    return names


CALLS = numbers("/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
                r"^#define __NR_(\w+) (\d+)", 10)
IOCTLS = numbers("/usr/include/linux/kvm.h",
                 r"^#define (KVM_\w+)\s+_IOW?R?\(KVMIO,\s+0x(\w\w)", 16)


# What is run after this finds no broker but its own.
NO_BROKER = ["unshare", "--mount", "sh", "-c",
             'mount -t tmpfs run /run/labyrinth && exec "$@"', "sh"]


class Call:
    """A call of a program, by where it is made."""

    def __init__(self, key, count, place):
        self.key, self.count = key, count
        number, kind, _ = (int(word, 16) for word in key.split(","))
        self.name, self.kind = CALLS.get(number, str(number)), kind
        self.place = place

    def __str__(self):
        name = self.name
        if name == "ioctl" and self.kind >> 8 & 0xff == 0xae:
            name = IOCTLS.get(self.kind & 0xff, name)
        elif self.name in ("read", "write") and self.kind:
            name += " " + self.kind.to_bytes(8, "little").decode().strip("]\0")
        elif self.kind and self.name != "mmap":
            name += f" {self.kind:#x}"
        return name

    def fails(self):
        return self.name not in NEVER and \
            (self.name, self.kind) not in NEVER_KINDS and \
            "_start" not in self.place

    def hits(self):
        """The first, the last, and what is between."""
        if HITS == 1 or self.count == 1:
            return [1]
        most = min(HITS, self.count)
        return sorted({1 + (self.count - 1) * i // (most - 1)
                       for i in range(most)})

    def tries(self):
        errors = ERRORS.get(str(self), ERRORS.get(self.name, ["ENOMEM"]))
        return [(self, hit, error) for hit in self.hits()
                for error in errors[:ERRNOS]]


def calls(report, program):
    """Those of a run, in the order of their first time."""
    until("the report ends", lambda: report.read_text().endswith("end\n"))
    count = Counter(report.read_text().splitlines()[:-1])
    keys = [line.replace(" ", ",") for line in count]
    # The address is where the call returns to; before it is the call.
    sites = [f"{int(key.split(',')[2], 16) - 1:#x}" for key in keys]
    said = subprocess.run(["addr2line", "-f", "-s", "-a", "-i", "-e", program,
                           *sites], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    # Of functions in one another, the innermost.
    places = re.findall(r"^0x\w+\n(.+)\n(.+):", said, re.MULTILINE)
    return [Call(key, times, f"{file} {function}")
            for key, times, (function, file)
            in zip(keys, count.values(), places)]


class Trial:
    """One run of a scenario. `words` of it go before the program's own."""

    def __init__(self, world, fault=None):
        self.world, self.fault = world, fault
        self.report = world.folder / "report"
        self.report.write_text("")
        self.told = []
        self.prefix = [FAULT_AT, "-r", self.report]
        if fault:
            call, hit, error = fault
            self.prefix += ["-c", call.key, "-n", hit, "-e",
                            getattr(errno, error)]

    def come_by(self):
        return "failed" in self.report.read_text()

    def tell(self, who, sentences):
        self.told += [f"{who}: {sentence}" if who else sentence
                      for sentence in sentences]

    def guest_ended(self, guest, who, also=(), usual="nothing"):
        """A VMM's status is its own, and has its reason."""
        status = guest.status()
        complaints = guest.complaints()
        if status in (125, 126):
            if not complaints:
                raise Wrong(f"{guest.name} ends with {status}, and is silent")
        elif status not in (0, *also):
            raise Wrong(f"{guest.name} ends with {status}: {guest.said()} "
                        f"{guest.said(guest.out)}")
        word = {125: "ends: ", 126: "stops: "}.get(status, "")
        self.tell(who, [word + line for line in complaints
                        if not line.startswith(usual)])

    def broker_ended(self, broker, ready):
        status = broker.status()
        complaints = broker.complaints()
        if status == 1 and not complaints:
            raise Wrong("the broker ends with 1, and is silent")
        if status not in (0, 1):
            raise Wrong(f"the broker ends with {status}: {broker.said()}")
        word = "" if not status else "ends: " if ready else "not started: "
        self.tell("", [word + line for line in complaints])


def broker_first(trial):
    """A broker where none was before: a folder of its own."""
    folder = Path(tempfile.mkdtemp(dir=trial.world.folder))
    broker = faults_world.Program("first", folder, [
        *trial.prefix, LABYRINTHD, "--pool", "default=8M", "--run-dir",
        folder / "run", "--libvirt-dir", folder / "libvirt", "--state-dir",
        folder / "state"])
    ready = broker.ready()
    if ready:
        broker.process.terminate()
    trial.broker_ended(broker, ready)


def whoever_comes(trial):
    """All that a broker is asked, by those whom it may fail."""
    world = trial.world
    bob = world.guest("bob", "storm", 3, 100, limit="16M")
    trial.guest_ended(bob, "bob")
    world.need_broker()
    hog = world.guest("hog", "hog", guarantee="4M", limit="48M")
    if not hog.says("\n", hog.out):
        trial.guest_ended(hog, "hog")
    world.need_broker()
    world.virsh("list; pool-dumpxml default; vol-list default --details; "
                "domstats; nodeinfo")
    if not hog.ended():
        world.tool(LABYRINTH, "revoke", "--grace", 100, "hog")
        hog.terminate()
    world.need_broker()
    world.virsh(
        f"define {world.folder}/eve.xml; autostart eve; start eve; "
        "domstate eve; domblklist eve; destroy eve; undefine eve; "
        f"pool-define {world.folder}/side.xml; pool-autostart side; "
        "pool-start side; "
        "pool-info side; pool-destroy side; pool-undefine side; "
        f"allocpages 2M {faults_world.TOTAL + 2}; "
        f"allocpages 2M {faults_world.TOTAL}")


def broker_serve(trial):
    """A broker that finds ada, who had another before."""
    world = trial.world
    world.end_broker()
    broker = world.broker = world.begin_broker(trial.prefix)
    ready = broker.ready()
    world.need_broker()
    whoever_comes(trial)
    if not broker.ended():
        broker.process.terminate()
    trial.broker_ended(broker, ready)
    world.sweep()


def broker_private(trial):
    """A broker of one guest, which starts it."""
    script = trial.world.folder / "labyrinthd"
    words = " ".join(str(word) for word in trial.prefix)
    script.write_text(f'#!/bin/sh\nexec {words} {LABYRINTHD} "$@"\n')
    script.chmod(0o755)
    guest = trial.world.guest("bob", "storm", 3, 60, prefix=NO_BROKER,
                              broker=False, limit="8M",
                              env={"LABYRINTHD": str(script)})
    trial.guest_ended(guest, "")


def vmm_run(trial):
    """A guest from its start to its end."""
    bob = trial.world.guest("bob", "storm", 3, 150, prefix=trial.prefix,
                            limit="16M")
    trial.guest_ended(bob, "")


def vmm_private(trial):
    """One that starts a broker of its own."""
    bob = trial.world.guest("bob", "storm", 3, 60, broker=False, limit="8M",
                            prefix=[*NO_BROKER, *trial.prefix])
    trial.guest_ended(bob, "")


def vmm_stay(trial):
    """One whose broker is another meanwhile, and takes something."""
    world = trial.world
    bob = world.guest("bob", "keep", 1, 20, prefix=trial.prefix,
                      guarantee="4M", limit="16M")
    if bob.turns(2):
        world.end_broker()
        world.need_broker()
        until("bob is back", lambda: "guest bob is back" in
              world.broker.said() or bob.ended())
        # It has time to give up what it does not use between two turns.
        revoke = world.begin_tool(LABYRINTH, "revoke", "--grace", 60000, "bob")
    if not bob.ended() and bob.turns(2):
        bob.process.terminate()
        revoke.status()
    trial.guest_ended(bob, "", also=(-15,), usual="the broker is gone: ")


SCENARIOS = {"VMM run": (vmm_run, LABYRINTH),
             "VMM stay": (vmm_stay, LABYRINTH),
             "VMM private": (vmm_private, LABYRINTH),
             "broker first": (broker_first, LABYRINTHD),
             "broker private": (broker_private, LABYRINTHD),
             "broker serve": (broker_serve, LABYRINTHD)}


def plain(text, folder):
    """What is the same in each run."""
    text = text.replace(str(folder), "...").replace(str(BUILD), "...")
    text = re.sub(r"\b\d{2,}\b", "N", text)
    return re.sub(r"\.\.\./tmp\w+", "...", text).replace("|", "/")


class Report:
    def __init__(self):
        self.rows, self.count, self.failed = [], 0, 0

    def say(self, right, what, *details):
        self.count += 1
        self.failed += not right
        print(f"{'' if right else 'not '}ok {self.count} - {what}")
        for line in "\n".join(details).splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    def row(self, who, fault, what):
        call, hit, error = fault
        print(f"# {who}: {call.place}: {call}, {hit} of {call.count}, {error}: "
              f"{what}", flush=True)
        self.rows.append((who, call.place, str(call), error, what))
        Path(sys.argv[1]).write_text(self.table(), encoding="utf-8")

    def table(self):
        """What came of the same is one row."""
        merged = {}
        for who, place, call, error, what in self.rows:
            program, _ = who.split()
            whos, calls = merged.setdefault((program, place, what), ({}, {}))
            whos[who.split()[1]] = None
            calls.setdefault(call, {})[error] = None
        return "".join(
            f"| {program} {' '.join(whos)} | {place} | " +
            ", ".join(f"{call}: {' '.join(errors)}"
                      for call, errors in calls.items()) + f" | {what} |\n"
            for (program, place, what), (whos, calls) in merged.items())


def attempt(world, scenario, fault):
    """What came of it; Wrong if it may not be so."""
    trial = Trial(world, fault)
    scenario(trial)
    world.check()
    if not trial.come_by():
        return None
    what = "; ".join(dict.fromkeys(plain(line, world.folder)
                                   for line in trial.told)) or "overcome"
    call, _, error = fault
    if what != "overcome" and \
            OVERCOME.fullmatch(f"{call.place}: {call} {error}"):
        raise Wrong(f"was not overcome: {what}")
    return what


def try_each(report, world, who, folder):
    """Each call of a scenario, one at a time."""
    scenario, program = SCENARIOS[who]
    record = Trial(world)
    scenario(record)
    if record.told:
        raise Wrong(f"{who}, and nothing fails: {record.told}")
    world.check()
    faults = [one for call in calls(record.report, program) if call.fails()
              for one in call.tries() if WHICH.search(f"{call.place}: {call}")]
    some = faults[::max(1, len(faults) // TRIES)] if TRIES else faults
    missed = 0
    begun = time.monotonic()
    for fault in some:
        try:
            what = attempt(world, scenario, fault)
            missed += what is None
            if what:
                report.row(who, fault, what)
        except Wrong as wrong:
            call, hit, error = fault
            report.say(False, f"{who}: {call.place}: {call}, {hit} of "
                       f"{call.count}, {error}", str(wrong), *world.logs())
            world.end()
            world = faults_world.World(tempfile.mkdtemp(dir=folder))
    report.say(missed <= len(some) // 5,
               f"{who}: {len(some)} of {len(faults)} failures, one at a time",
               f"{missed} were not come by; "
               f"{time.monotonic() - begun:.0f} s")
    return world


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        world = faults_world.World(tempfile.mkdtemp(dir=folder))
        for who in SCENARIOS:
            if ONLY.search(who):
                world = try_each(report, world, who, folder)
        world.end()
    print(f"1..{report.count}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(2)
