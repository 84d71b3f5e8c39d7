# SPDX-License-Identifier: MIT
"""What the lints share: the tree's files, and TAP."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get("srcdir") or
            Path(__file__).resolve().parents[2]).resolve()
FOLDERS = ("docs", "guest", "include", "tests", "vmm")
SKIPPED = ("autom4te.cache", "__pycache__", ".deps", ".libs")


# What autoreconf makes at the top; git ignores it, a release carries it.
GENERATED = {"Makefile.in", "aclocal.m4", "config.h.in", "configure"}


def _git_files():
    """What git knows or would add; None outside a checkout of our own."""
    if not (ROOT / ".git").exists():
        return None
    run = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True)
    if run.returncode != 0:
        return None
    return run.stdout.split("\0")


def _walk():
    """In a release there is no git, and the folders hold sources alone."""
    for name in sorted(os.listdir(ROOT)):
        if (ROOT / name).is_file() and name not in GENERATED:
            yield name
    for folder in FOLDERS:
        for where, inner, names in os.walk(ROOT / folder):
            inner[:] = [name for name in inner if name not in SKIPPED]
            for name in names:
                yield str((Path(where) / name).relative_to(ROOT))


def files(*suffixes, under=""):
    """The tree's files, as paths relative to its root, sorted."""
    listed = _git_files()
    names = set(_walk() if listed is None else listed)
    return sorted(
        Path(name) for name in names
        if name.startswith(under) and (ROOT / name).is_file() and
        (not suffixes or name.endswith(suffixes)))


def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def freestanding(path):
    """The guest library is made of this file of the host's, too."""
    return path.parts[:2] == ("vmm", "share") and \
        path.name != "share_validate.c"


class Tap:
    """A test for each rule; what breaks it is said in lines before it."""

    def __init__(self):
        self.count = 0
        self.failed = False

    def rule(self, name, faults):
        self.count += 1
        faults = list(faults)
        for fault in faults:
            print("#", fault)
        print("not ok" if faults else "ok", self.count, "-", name)
        self.failed |= bool(faults)

    def done(self):
        print(f"1..{self.count}")
        sys.exit(self.failed)
