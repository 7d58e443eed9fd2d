"""A repository's own configuration never runs anything, and never points the walk elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semindex.source.git import find_fifo
from semindex.source.walk import walk
from tests.source.conftest import git, listed, repository, write

PROGRAM_KEYS = (
    "core.fsmonitor",
    "core.pager",
    "core.editor",
    "core.sshCommand",
    "core.askPass",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "pager.ls-files",
    "pager.check-ignore",
    "alias.check-ignore",
    "credential.helper",
    "diff.external",
    "diff.evil.command",
    "diff.evil.textconv",
    "merge.evil.driver",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "interactive.diffFilter",
    "gpg.program",
    "sequence.editor",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
)
HOOKS = ("post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman", "reference-transaction")


def trap(folder: Path, marker: Path) -> Path:
    program = folder / "evil.sh"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{marker}'\necho\n")
    program.chmod(0o755)
    return program


def arm(root: Path, program: Path) -> None:
    for key in PROGRAM_KEYS:
        git(root, "config", "--add", key, str(program))
    git(root, "config", "alias.ls-files", f"!{program}")
    git(root, "config", "alias.lsf", f"!{program}")
    git(root, "config", "core.hooksPath", str(root / "hooks"))
    git(root, "config", "core.untrackedCache", "true")
    git(root, "config", "core.preloadIndex", "true")
    git(root, "config", "remote.origin.url", f"ext::{program}")
    git(root, "config", "remote.origin.promisor", "true")
    git(root, "config", "submodule.sub.update", f"!{program}")
    for folder in (root / "hooks", root / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in HOOKS:
            (folder / hook).symlink_to(program)


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Path]:
    """A repository with every trap set, and the file that appears when one springs."""
    marker = tmp_path / "sprung"
    root = repository(
        tmp_path / "root", {"a.py": "x", "sub/b.py": "x", ".gitattributes": "* filter=evil diff=evil\n"}
    )
    program = trap(root, marker)
    git(root, "update-index", "--refresh")
    arm(root, program)
    (root / "a.py").write_text("changed, so that a filter would be asked\n")
    return root, marker


def test_the_traps_are_real(hostile: tuple[Path, Path]) -> None:
    root, marker = hostile
    subprocess.run(["git", "ls-files", "--others"], cwd=root, check=False, capture_output=True)
    assert "evil.sh" in marker.read_text()


def test_a_hostile_configuration_runs_nothing(hostile: tuple[Path, Path]) -> None:
    root, marker = hostile
    write(root, {".semindexignore": "!made/\n", ".gitignore": "made/\n", "made/c.py": "x"})
    found = walk(root)
    assert not marker.exists(), marker.read_text()
    assert found.warnings == ()
    assert {"a.py", "made/c.py", "sub/b.py"} <= set(listed(found))
    assert {"b.py"} == set(listed(walk(root / "sub")))
    assert not marker.exists(), marker.read_text()


def test_an_included_configuration_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "sprung"
    root = repository(tmp_path / "root", {"a.py": "x"})
    program = trap(root, marker)
    write(root, {"evil.cfg": f"[core]\n\tfsmonitor = {program}\n\thooksPath = {root}\n"})
    git(root, "config", "include.path", str(root / "evil.cfg"))
    git(root, "config", "includeIf.gitdir:**.path", str(root / "evil.cfg"))
    subprocess.run(["git", "ls-files"], cwd=root, check=False, capture_output=True)
    assert marker.exists()
    marker.unlink()
    assert "a.py" in listed(walk(root))
    assert not marker.exists()


def test_hostile_submodules_and_nested_repositories_run_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "sprung"
    root = repository(tmp_path / "root", {"a.py": "x"})
    library = repository(tmp_path / "library", {"l.py": "x"})
    git(root, "submodule", "--quiet", "add", str(library), "lib")
    nested = repository(root / "nested", {"n.py": "x"})
    for folder in (root / "lib", nested):
        program = trap(folder, marker)
        git(folder, "config", "core.fsmonitor", str(program))
    assert {"a.py", "lib/l.py", "nested/n.py"} <= set(listed(walk(root)))
    assert not marker.exists()


@pytest.mark.parametrize("target", ["outside", "/etc"])
def test_a_work_tree_that_points_elsewhere_is_walked_where_it_stands(tmp_path: Path, target: str) -> None:
    write(tmp_path / "outside", {"secret.py": "x"})
    root = repository(tmp_path / "root", {"a.py": "x"})
    git(root, "config", "core.worktree", str(tmp_path / target))
    found = walk(root)
    assert (listed(found), found.skipped, found.warnings) == (["a.py"], (), ())


def test_a_folder_that_poses_as_a_bare_repository_is_only_a_folder(tmp_path: Path) -> None:
    marker = tmp_path / "sprung"
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "-q", "--bare")
    program = trap(tmp_path, marker)
    git(root, "config", "core.fsmonitor", str(program))
    git(root, "config", "core.bare", "false")
    git(root, "config", "core.worktree", "/etc")
    (root / ".git").mkdir()
    write(root, {"a.py": "x"})
    found = walk(root)
    assert "a.py" in listed(found)
    assert all((root / path).exists() for path in listed(found))
    assert not marker.exists()


def test_paths_that_look_like_options_or_magic_are_paths(tmp_path: Path) -> None:
    names = ["--help", "-z", ":(top)x", ":!y", "*.py", "a b.py", "--output=evil"]
    root = repository(tmp_path / "root", dict.fromkeys(names, "x"))
    repository(root / "--exec=x", {"n.py": "x"})
    assert listed(walk(root)) == sorted([*names, "--exec=x/n.py"])
    assert not os.path.lexists(root / "evil")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")
def test_a_fifo_that_git_would_wait_for_is_found_wherever_it_is(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"deep/er/a.py": "x"})
    assert find_fifo(root) is None
    for name in (".git/refs/heads/other", ".git/packed-refs", "deep/er/.gitignore"):
        os.mkfifo(root / name)
        assert find_fifo(root) == root / name
        (root / name).unlink()
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "-q", str(linked))
    os.mkfifo(root / ".git" / "packed-refs")
    assert find_fifo(linked) == root / ".git" / "packed-refs"
