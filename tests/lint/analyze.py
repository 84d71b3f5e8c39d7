#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
analyze.py [TOOL...]: clang-tidy (.clang-tidy), cppcheck and gcc's -fanalyzer over
vmm/ and guest/. What they say though nothing is wrong stands in analyze.known,
with the reason; anything else fails, and so does a line there that none says
any more. Not part of a check: it takes minutes. `make lint` has it.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("abs_top_builddir", ROOT / "build"))
KNOWN = Path(__file__).with_name("analyze.known")

LIBRARIES = "libsystemd libtirpc libxml-2.0 uuid libvirt json-c".split()
HOST = ["-std=gnu11", "-DHAVE_CONFIG_H", "-D_GNU_SOURCE", '-DSBINDIR=""',
        '-DBINDIR=""', '-DLIBEXECDIR=""', "-Iinclude", "-Ivmm",
        f"-I{BUILD}", f"-I{BUILD}/vmm"]
GUEST = ["-std=gnu11", "-ffreestanding", "-mgeneral-regs-only",
         "-fno-stack-protector", "-fno-pic", "-mno-red-zone",
         "-Iinclude", "-Iguest", "-Ivmm"]

SAID = re.compile(r"^(?:%s/)?([^ :]+):(\d+):\d+: (?:warning|error): (.*) "
                  r"\[(.*?)\]$" % re.escape(str(ROOT)), re.M)


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=False, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def tidy(path, flags):
    return run("clang-tidy", "--quiet", path, "--", *flags)


def analyzer(path, flags):
    return run("gcc", "-O1", "-fanalyzer", "-D__clang_analyzer__", *flags,
               "-c", "-o", "/dev/null", path)


def cppcheck(path, flags):
    """Knows no compiler: what it is of, and the libraries' macros."""
    only = [f for f in flags if f.startswith(("-I", "-D"))]
    return run("cppcheck", "-q", "--std=c11", "-D__x86_64__", "-D__linux__",
               "-D__STDC_HOSTED__=0", "-D__GNUC__=12", *only,
               "--enable=warning,performance,portability",
               "--suppress=missingIncludeSystem", "--suppress=unknownMacro",
               "--template={file}:{line}:{column}: {severity}: {message} "
               "[{id}]", path).replace(": performance:", ": warning:").replace(
                   ": portability:", ": warning:")


TOOLS = {"clang-tidy": tidy, "cppcheck": cppcheck, "-fanalyzer": analyzer}


def jobs():
    libraries = run("pkg-config", "--cflags", *LIBRARIES).split()
    for folder, flags in ("vmm", HOST + libraries), ("guest", GUEST):
        for path in sorted((ROOT / folder).rglob("*.c")):
            if "examples" not in path.parts:
                yield folder, str(path.relative_to(ROOT)), flags


def known():
    """(tool, path, id) of what is no fault."""
    for line in KNOWN.read_text().splitlines():
        if line and not line.startswith("#"):
            tool, path, name, reason = line.split(maxsplit=3)
            assert reason
            yield tool, path, name


def main():
    tools = sys.argv[1:] or list(TOOLS)
    excused, used, count, failed = set(known()), set(), 0, 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(tool, folder, pool.submit(TOOLS[tool], path, flags))
                for tool in tools for folder, path, flags in jobs()]
    found = {(tool, folder): set() for tool, folder, _ in work}
    for tool, folder, said in work:
        for path, line, text, name in SAID.findall(said.result()):
            name = name.split(" ")[-1].removeprefix("-W")
            used.add((tool, path, name))
            if (tool, path, name) not in excused:
                found[tool, folder].add(f"{path}:{line}: {name}: {text}")
    for (tool, folder), faults in found.items():
        count += 1
        failed += bool(faults)
        print(f"{'not ' if faults else ''}ok {count} - {tool}: {folder}")
        for fault in sorted(faults):
            print(f"# {fault}")
    stale = {e for e in excused if e[0] in tools} - used
    print(f"{'not ' if stale else ''}ok {count + 1} - what is excused is said")
    for entry in sorted(stale):
        print("#", *entry)
    print(f"1..{count + 1}")
    return 1 if failed or stale else 0


if __name__ == "__main__":
    sys.exit(main())
