"""Trees with all that is odd about files, and ripgrep itself to compare with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from semindex.config import Settings
from semindex.exact.ripgrep import clean_environment, find_program

from ..product import PROJECT, plant

LINE = b"def word(self): return needle  # Needle\n"
ODD: dict[str | bytes, bytes] = {
    "odd/nul_early.bin": b"needle\n\0needle\n",
    "odd/nul_at_65535.bin": b"needle\n" + b"x" * 65_528 + b"\0" + b"\nneedle\n",
    "odd/nul_after_line.bin": b"a\n" + LINE + b"\0\nneedle\n",
    "odd/nul_after_lines.bin": b"\n\n\nneedle \0\n",
    "odd/nul_after_long_line.bin": b"abc\nneedle \0\n",
    "odd/nul_late.bin": LINE * 4000 + b"\0\nneedle in vain\n",
    "odd/nul_late_only.bin": b"plain\n" * 30_000 + b"\0\nneedle in vain\n",
    "odd/bom.txt": b"\xef\xbb\xbfneedle with a mark\nother\n",
    "odd/utf16.txt": "needle wide\nother é\n".encode("utf-16"),
    "odd/utf16be.txt": b"\xfe\xff" + "needle wide\nother\n".encode("utf-16-be"),
    "odd/crlf.txt": b"needle\r\nother\r\nneedle again\r\n",
    "odd/no_end.txt": b"other\nneedle",
    "odd/zz_long_line.txt": b"x" * 300_000 + b"needle" + b"y" * 300_000 + b"\nneedle\n",
    "odd/latin1.txt": b"caf\xe9 needle\nna\xef needle\n",
    "odd/empty.txt": b"",
    "odd/blank.txt": b"\n\n\n",
    "odd/unicode.txt": "Ünïcode straße ſ K needle\nпривет needle\n漢字\n".encode(),
    "odd/-": b"needle in a dash\n",
    "odd/--flag": b"needle in a flag\n",
    "-": b"needle at the top\n",
    "-v": b"needle at the top\n",
    "odd/a b.txt": b"needle in blanks\n",
    "odd/new\nline.txt": b"needle in a name of two lines\n",
    "odd/it's [q] {a,b} *?!.txt": b"needle in signs\n",
    "odd/nul [q] {a,b} *?!.txt": LINE * 4000 + b"\0\nneedle in vain\n",
    b"odd/inv\xff.txt": b"needle in a name that is no UTF-8\n",
    "a/x.py": LINE,
    "a-b/x.py": LINE,
    "a.py": LINE * 3 + b"\n" * 9 + LINE,
    "A/Z.py": LINE,
    "build/ignored.py": LINE,
    ".hidden/x.py": LINE,
    ".dot.py": LINE,
    "sub/.hidden.py": LINE,
    "sub/kept.py": LINE,
    ".gitignore": b"build/\n*.log\n",
    "x.log": LINE,
}


def plant_odd(root: Path) -> Path:
    """A git repository with odd files, and so many plain ones that several runs are needed."""
    plant(root, ODD)
    for room in ("exact", "source", "search", "store", "present"):
        no_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "src/semindex" / room, root / "src" / room, ignore=no_caches)
    many: dict[str | bytes, bytes] = {
        f"many/{each % 7}/file{each:03}.txt": b"one\ntwo %d\nthree\n" % each for each in range(700)
    }
    plant(root, many)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def rg(words: Sequence[str | bytes | Path], cwd: Path) -> tuple[int, bytes, bytes]:
    """Exit code, output and messages of ripgrep, its lines in the order of paths."""
    done = subprocess.run(
        [find_program(Settings()), "--no-config", "--sort=path", *words],
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def shown(text: str) -> bytes:
    """The bytes of what a command printed."""
    return os.fsencode(text)
