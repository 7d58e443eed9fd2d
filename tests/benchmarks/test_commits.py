"""Commits asked for in real repositories."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.quality.commits import commit_tasks, evaluate_commits
from benchmarks.quality.history import check_out, clone
from semindex.errors import UsageError
from semindex.evaluate.ask import Built, Searchable, Shown, open_index
from semindex.types import GroupBy

from ..evaluate.wordcount import open_wordcount
from .histories import CLOSE, PARSE, commit, git, grow, start

ROOT = Path(__file__).parents[2]


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder, git's own too: its time of change and its bytes."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_tasks_are_the_newest_suitable_commits_oldest_first(tmp_path: Path) -> None:
    root = grow(tmp_path / "root")
    hashes = git(root, "rev-list", "HEAD").split("\n")
    newest, middle, oldest = commit_tasks(root)
    assert [task.commit for task in (newest, middle, oldest)] == hashes[2::-1]
    assert [task.parent for task in (newest, middle, oldest)] == hashes[3:0:-1]
    assert newest.query == "headers parse a header without value"
    assert newest.targets == ("tests/test_headers.py", "web/headers.py")
    assert newest.tests == {"tests/test_headers.py"}
    assert newest.language == "python"
    assert middle.targets == ("net/sockets.py",)
    assert [task.commit for task in commit_tasks(root, 1)] == hashes[:1]


def test_targets_are_code_files_of_the_parent(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    commit(root, "Move the sockets somewhere else", {"net/sockets.py": None, "io/sockets.py": CLOSE})
    commit(root, "Drop what parsed the headers", {"web/headers.py": None, "README.md": "# Less\n"})
    commit(root, "Add a wholly new script for zebras", {"zebra.py": "x = 1\n"})
    commit(root, "Explain how nothing is seen here", {"README.md": "# Something\n"})
    tasks = commit_tasks(root)
    assert [task.targets for task in tasks] == [("net/sockets.py",), ("web/headers.py",)]


def test_a_script_without_extension_is_code_by_its_content(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    commit(root, "Add a tool without any extension", {"bin/tool": "#!/bin/sh\necho 1\n"})
    commit(root, "Let the tool count to two", {"bin/tool": "#!/bin/sh\necho 2\n"})
    (task,) = commit_tasks(root)
    assert (task.targets, task.language) == (("bin/tool",), "bash")


def test_links_and_paths_of_any_bytes_do_no_harm(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    strange = 'net/tab\t"quote" and\nnewline ü.py'
    commit(root, "Add some strange names to the tree", {strange: PARSE})
    (root / "link.py").symlink_to("web/headers.py")
    commit(root, "Link the headers from the top", {})
    (root / "link.py").unlink()
    (root / "link.py").symlink_to("net/sockets.py")
    commit(root, "Change strange names and the link", {strange: PARSE + "# more\n"})
    (task,) = commit_tasks(root)
    assert task.targets == (strange,)


@pytest.mark.parametrize(
    ("subject", "files", "author"),
    [
        ("Bump the version of everything", {"web/headers.py": "1\n"}, "Ada"),
        ("Parse the headers once more", {"web/headers.py": "1\n"}, "dependabot[bot]"),
        ("Parse headers.py once more", {"web/headers.py": "1\n"}, "Ada"),
        ("Write very many files at once", {f"many/f{number}.py": "1\n" for number in range(11)}, "Ada"),
    ],
)
def test_unsuitable_commits_are_left_out(
    tmp_path: Path, subject: str, files: dict[str, str], author: str
) -> None:
    root = start(tmp_path / "root")
    commit(root, "Add the files that change later", {name: "0\n" for name in files if "many" in name})
    commit(root, subject, files, author=author)
    assert commit_tasks(root) == ()


def test_merges_are_left_out_and_their_branches_not_entered(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    git(root, "checkout", "-q", "-b", "side")
    commit(root, "Drain sockets on a branch", {"net/sockets.py": CLOSE + "# side\n"})
    git(root, "checkout", "-q", "main")
    kept = commit(root, "Parse headers on the trunk", {"web/headers.py": PARSE + "# main\n"})
    git(root, "merge", "-q", "--no-ff", "-m", "Drain sockets and parse headers", "side")
    assert [task.commit for task in commit_tasks(root)] == [kept]


def test_of_two_alike_the_newer_is_kept(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    commit(root, "Parse the headers again (#1)", {"web/headers.py": "1\n"})
    newer = commit(root, "fix: parse the Headers again", {"web/headers.py": "2\n"})
    assert [task.commit for task in commit_tasks(root)] == [newer]


def test_this_repository_can_be_asked_about_its_own_history() -> None:
    if not (ROOT / ".git").exists() or git(ROOT, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("not in a clone with a history")
    tasks = commit_tasks(ROOT, 5)
    tree = set(git(ROOT, "ls-tree", "-r", "--name-only", tasks[-1].parent).split("\n"))
    assert set(tasks[-1].targets) <= tree
    assert len({task.commit for task in tasks}) == len(tasks)


def test_the_product_finds_what_a_commit_changed(tmp_path: Path) -> None:
    root = grow(tmp_path / "root")
    report = evaluate_commits([root], limit=3)
    assert (report.recall.mean, report.recall.count) == (1.0, 3)
    assert report.languages["python"] == report.repositories["root"] == report.recall
    assert report.notes == ()
    assert report.query_p50_ms > 0
    assert report.index_seconds == sum(answer.refresh_seconds for answer in report.answers)


def test_exactly_the_tree_of_the_parent_is_searched(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    class Watched:
        def __init__(self, root: Path, index: Searchable) -> None:
            self.root, self.index = root, index

        def refresh(self) -> Built:
            seen.append({path.relative_to(self.root).as_posix() for path in self.root.rglob("*.py")})
            return self.index.refresh()

        def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Iterable[Shown]:
            return self.index.search(query, limit=limit, group_by=group_by)

    @contextmanager
    def opener(root: Path, index_dir: Path) -> Iterator[Searchable]:
        with open_index(root, index_dir) as index:
            yield Watched(root, index)

    report = evaluate_commits([grow(tmp_path / "root")], opener=opener)
    begun = {"web/headers.py", "net/sockets.py", "tests/test_headers.py"}
    assert seen == [begun, begun, begun | {"net/zebra_counter.py"}]
    found = [{place.path for place in answer.places} for answer in report.answers]
    assert "net/zebra_counter.py" not in found[0] | found[1]
    assert "net/zebra_counter.py" in found[2]


def test_figures_count_targets_with_and_without_tests(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    files = {"web/headers.py": "zebra\n", "tests/test_headers.py": "nothing\n"}
    commit(root, "Prepare headers and their assertions", files)
    commit(root, "Xylophone xylophone zebra", {name: "changed\n" for name in files})
    report = evaluate_commits([root], limit=1, opener=open_wordcount)
    assert (report.recall.mean, report.recall_without_tests.mean) == (0.5, 1.0)
    assert (report.mrr.mean, report.first.mean) == (1.0, 1.0)
    (answer,) = report.answers
    assert answer.ranks == (None, 1)


def test_a_commit_of_tests_only_has_no_figure_without_them(tmp_path: Path) -> None:
    root = start(tmp_path / "root")
    commit(root, "Assert more about parsing headers", {"tests/test_headers.py": "1\n"})
    report = evaluate_commits([root], opener=open_wordcount)
    assert (report.recall.count, report.recall_without_tests.count) == (1, 0)
    assert report.notes == ("root: only 1 suitable commits",)


def test_several_repositories_are_measured_together(tmp_path: Path) -> None:
    report = evaluate_commits([grow(tmp_path / "one"), grow(tmp_path / "two")], opener=open_wordcount)
    assert set(report.repositories) == {"one", "two"}
    assert report.recall.count == 6


def test_a_checkout_stays_as_it_was(tmp_path: Path) -> None:
    root = grow(tmp_path / "root")
    (root / "web" / "headers.py").write_text("changed and not committed\n")
    (root / "new.py").write_text("unknown to git\n")
    before = snapshot(root)
    evaluate_commits([root])
    assert snapshot(root) == before


def test_nothing_that_a_repository_configures_is_run(tmp_path: Path) -> None:
    root = grow(tmp_path / "root")
    commit(
        root,
        "Set every attribute of the tree",
        {".gitattributes": "* filter=evil diff=evil\n", "net/sockets.py": "1\n"},
    )
    commit(root, "Parse headers under those attributes", {"web/headers.py": "1\n"})
    marker = tmp_path / "sprung"
    program = tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{marker}'\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for key in (
        "core.fsmonitor core.pager core.sshCommand core.alternateRefsCommand diff.external diff.evil.command"
        " diff.evil.textconv filter.evil.smudge filter.evil.clean filter.evil.process gpg.program"
        " pager.rev-list uploadpack.packObjectsHook remote.origin.uploadpack alias.rev-list"
    ).split():
        git(root, "config", key, str(program))
    git(root, "config", "log.showSignature", "true")
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (root / ".git" / "hooks").mkdir(exist_ok=True)
        (root / ".git" / "hooks" / hook).symlink_to(program)
    marker.unlink(missing_ok=True)
    assert evaluate_commits([root]).recall.count == 5
    assert not marker.exists(), marker.read_text()
    git(root, "status")
    assert marker.exists(), "the trap is not set"


def test_filters_that_the_user_configured_change_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = start(tmp_path / "root")
    committed = commit(root, "Ask for a filter", {".gitattributes": "* filter=upper\n"})
    (tmp_path / "gitconfig").write_text(
        '[filter "upper"]\n\tsmudge = tr a-z A-Z\n[core]\n\tautocrlf = true\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    clone(root, tmp_path / "copy")
    check_out(tmp_path / "copy", committed)
    assert (tmp_path / "copy" / "web" / "headers.py").read_bytes() == PARSE.encode()


def test_a_linked_worktree_can_be_asked(tmp_path: Path) -> None:
    root = grow(tmp_path / "root")
    git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "HEAD~1")
    report = evaluate_commits([tmp_path / "linked"], opener=open_wordcount)
    assert report.recall.count == 2


def test_what_is_no_history_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="not the top of a git checkout"):
        commit_tasks(tmp_path / "plain")
    root = grow(tmp_path / "root")
    with pytest.raises(UsageError, match="not the top of a git checkout"):
        commit_tasks(root / "web")
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{root}", str(tmp_path / "shallow"))
    with pytest.raises(UsageError, match=r"shallow.*git fetch --unshallow"):
        commit_tasks(tmp_path / "shallow")
    with pytest.raises(UsageError, match="no suitable commit"):
        evaluate_commits([start(tmp_path / "young")])
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    with pytest.raises(UsageError, match="git rev-list failed"):
        commit_tasks(tmp_path / "empty")
    (tmp_path / "broken" / ".git").mkdir(parents=True)
    with pytest.raises(UsageError, match="not a git repository"):
        commit_tasks(tmp_path / "broken")
    with pytest.raises(UsageError, match="same name"):
        evaluate_commits([root, root])


def test_git_has_to_be_there_and_outside_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = grow(tmp_path / "root")
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UsageError, match="git is not installed"):
        commit_tasks(root)
    (root / "git").write_text("#!/bin/sh\n")
    (root / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(UsageError, match="stands in the tree itself"):
        commit_tasks(root)
