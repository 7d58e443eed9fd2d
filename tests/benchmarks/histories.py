"""Small repositories with a history, made by real git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PARSE = "def parse_header(line):\n    name, _, value = line.partition(':')\n    return name, value.strip()\n"
CLOSE = "def close_socket(connection):\n    connection.drain()\n    connection.shutdown()\n    return True\n"


def git(folder: Path, *arguments: str, author: str = "Ada") -> str:
    """Run git without the machine's configuration, and give what it prints."""
    identity = ("-c", f"user.name={author}", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *identity, "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=environment | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(root: Path, subject: str, files: Mapping[str, str | None], *, author: str = "Ada") -> str:
    """Write files (None removes one), commit them, and give the hash."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", subject, author=author)
    return git(root, "rev-parse", "HEAD")


def start(root: Path) -> Path:
    """A repository with two files of code, a test and a readme, in one commit."""
    root.mkdir(parents=True)
    git(root, "init", "-q")
    files = {
        "web/headers.py": PARSE,
        "net/sockets.py": CLOSE,
        "tests/test_headers.py": "def test_parse_header():\n    assert parse_header('a: b') == ('a', 'b')\n",
        "README.md": "# Nothing to see\n",
    }
    commit(root, "Start with headers and sockets", files)
    return root


def grow(root: Path) -> Path:
    """:func:`start`, and three commits that can be asked for."""
    start(root)
    commit(
        root,
        "fix(headers): parse a header without value (#12)",
        {"web/headers.py": PARSE + "\n# empty values\n", "tests/test_headers.py": "def test_empty(): ...\n"},
    )
    commit(
        root,
        "Drain the connection twice before closing its socket",
        {
            "net/sockets.py": CLOSE + "# twice\n",
            "net/zebra_counter.py": "def count_zebras():\n    return 7\n",
        },
    )
    commit(root, "Count the striped zebras of a parsed header", {"web/headers.py": PARSE + "# zebras\n"})
    return root
