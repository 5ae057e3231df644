# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks on the source tree itself: `lint.py CHECK ROOT`. Prints `file:line: what is wrong` and exits 1 if anything is.

Checks: filecheck, paths, licence, links, size (see the functions of these names).
"""

import os
import re
import sys

SKIPPED_FOLDERS = {".git", "out", "__pycache__", ".cache"}
SOURCE = re.compile(r"(\.(cpp|c|h|td|py|cmake|sh)|/CMakeLists\.txt|^dev|^\.ci/run)$")


def files(root):
    """All files of the tree, relative to the root, but not build folders and what demos write."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build"))
        for name in sorted(set(names) - SKIPPED_FOLDERS):  # .git is a file in a worktree
            yield os.path.relpath(os.path.join(folder, name), root)


def lines(root, name):
    try:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            return file.read().splitlines()
    except UnicodeDecodeError:
        return []  # a binary file


def filecheck(root):
    """CHECK lines are checked: a test with a CHECK line runs FileCheck with that line's prefix."""
    use = re.compile(r"^\s*(?://|#|;)\s*([A-Z][A-Z0-9_-]*?)(?:-(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?(?:\{LITERAL\})?:")
    for name in files(root):
        if not name.startswith("test/") or "/Inputs/" in name or not name.endswith((".mlir", ".test", ".yaml")):
            continue
        text = lines(root, name)
        runs = " ".join(line for line in text if "RUN:" in line or line.rstrip().endswith("\\"))
        given = set()
        for command in re.findall(r"FileCheck[^|&;]*", runs):
            named = re.findall(r"--?check-prefix(?:es)?[= ]([\w,-]+)", command)
            given.update(",".join(named).split(",") if named else ["CHECK"])
        if name.endswith(".mlir") and "RUN:" not in "\n".join(text):
            yield name, 1, "expected a RUN line, found none (a file that another test reads belongs in Inputs/)"
        for number, line in enumerate(text, 1):
            match = use.match(line)
            if match and "CHECK" in match[1] and match[1] not in given:
                found = ", ".join(sorted(given)) or "no FileCheck in a RUN line"
                yield name, number, f"{match[1]} is never checked; found {found}"


def paths(root):
    """No file names a folder of somebody's machine."""
    bad = re.compile(r"(?<![\w.}])/(?:" + "|".join(["work", "home", "root", "Users", "tmp"]) + r")/[\w.]")
    for name in files(root):
        for number, line in enumerate(lines(root, name), 1):
            match = bad.search(line)
            if match:
                yield name, number, f"names a path of one machine: {line[match.start():][:40]}"


def licence(root):
    """Every source file begins with the licence."""
    for name in files(root):
        if SOURCE.search(name) and not any("SPDX-License-Identifier" in line for line in lines(root, name)[:4]):
            yield name, 1, "expected the licence header (two lines, see any other source), found none"


def links(root):
    """Links between documents lead somewhere."""
    link = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")
    for name in files(root):
        if not name.endswith(".md"):
            continue
        fenced = False
        for number, line in enumerate(lines(root, name), 1):
            fenced ^= line.lstrip().startswith("```")
            for target in [] if fenced else link.findall(line):
                if not os.path.exists(os.path.join(root, os.path.dirname(name), target)):
                    yield name, number, f"links to {target}, which does not exist"


def size(root):
    """A source above 700 lines wants another look at its design."""
    for name in files(root):
        if SOURCE.search(name):
            count = len(lines(root, name))
            if count > 700:
                yield name, count, f"has {count} lines; expected at most 700: split it by idea"


CHECKS = {check.__name__: check for check in (filecheck, paths, licence, links, size)}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in CHECKS:
        print(f"usage: lint.py {'|'.join(CHECKS)} ROOT", file=sys.stderr)
        return 2
    found = list(CHECKS[arguments[0]](arguments[1]))
    for name, line, message in found:
        print(f"{name}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
