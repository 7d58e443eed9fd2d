"""An index that takes files from another answers as one that was built alone, whatever becomes of either."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import semindex
from semindex.config import Settings
from semindex.configured import read_rules
from semindex.embed.registry import open_embedder
from semindex.errors import IndexUntrusted, UsageError
from semindex.indexing import analysis, builder, sharing
from semindex.indexing.builder import Builder
from semindex.indexing.plan import MIXED, READ_BY
from semindex.indexing.sharing import Donor
from semindex.indexing.stopped import STOPPED, stopped_note
from semindex.indexing.workplace import Workplace
from semindex.store import layout, linking
from semindex.store.catalog import Catalog
from semindex.store.durable import StepHook, no_step
from semindex.store.records import Change
from semindex.types import BuildReport, Progress, Shared
from tests.corpus import answers, copy_package, stored_chunks
from tests.product import semindex_command
from tests.source.conftest import git, repository

from .test_crash import in_child, state
from .test_refresh import QUERIES, SNIPPETS, WORDS, text_of

kills = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
MEMORY_BYTES = 4_000_000_000
PLAIN = Settings(enable_caching=False)


def build(root: Path, *, given: Settings = PLAIN, share_from: Path | None = None) -> BuildReport:
    """One refresh of the index in the root."""
    with semindex.open(root, settings=given) as index:
        return index.refresh(share_from="" if share_from is None else str(share_from))


def stepped(root: Path, on_step: StepHook = no_step, share_from: Path | None = None) -> BuildReport:
    """The same, with a look at each step."""
    place = Workplace(root, root / ".semindex", open_embedder(), MEMORY_BYTES, on_step)
    return Builder(place).refresh(share_from=share_from)


def require_as_fresh(root: Path, *, given: Settings = PLAIN, queries: list[str] = QUERIES[1:8:3]) -> None:
    """Hold an index against one that takes nothing, bit for bit."""
    with tempfile.TemporaryDirectory() as folder:
        fresh_dir = Path(folder) / "fresh"
        with semindex.open(root, index_dir=fresh_dir, settings=given) as fresh:
            assert fresh.refresh(force=True).shared == ()
            with semindex.open(root, settings=given) as index:
                assert index.status(verify=True).problems == ()
                assert index.status().skipped == fresh.status().skipped
                assert stored_chunks(index.index_dir) == stored_chunks(fresh_dir)
                assert answers(index, queries) == answers(fresh, queries)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an indexed repository ``main``, and a work tree ``linked`` of it that has no index."""
    base = tmp_path_factory.mktemp("prepared")
    root = copy_package("json", base / "main")
    (root / "json" / "decoder.py").write_text(
        "class JSONDecoder:\n    def decode(self, text):\n        pass\n"
    )
    notes = {
        f"notes/{word}.{suffix}": text_of(suffix, word, 3) for word in WORDS[:4] for suffix in ("c", "md")
    }
    repository(root, {".gitignore": "*.pyc\n", "notes.bin": b"\0\1\2", **notes})
    git(root, "worktree", "add", "-q", str(base / "linked"))
    build(root)
    return base


@pytest.fixture
def main(prepared: Path, tmp_path: Path) -> Path:
    """A copy of that repository, with the other work tree beside it."""
    for name in ("main", "linked"):
        shutil.copytree(prepared / name, tmp_path / name)
    for path in (
        tmp_path / "linked" / ".git",
        tmp_path / "main" / ".git" / "worktrees" / "linked" / "gitdir",
    ):
        path.write_text(path.read_text().replace(str(prepared), str(tmp_path)))
    with Catalog.open_writer(tmp_path / "main" / ".semindex", model="") as catalog:
        catalog.commit(Change(meta={"root": str(tmp_path / "main")}))
    return tmp_path / "main"


@pytest.fixture
def linked(main: Path) -> Path:
    return main.parent / "linked"


def segments(root: Path) -> list[Path]:
    return sorted((root / ".semindex" / "segments").iterdir())


def test_a_second_work_tree_takes_what_is_equal(main: Path, linked: Path) -> None:
    (linked / "json" / "decoder.py").write_text("def changed_here():\n    return 1\n")
    (linked / "json" / "tool.py").unlink()
    (linked / "json" / "added.py").write_text("def added_here():\n    return 2\n")
    report = build(linked)
    assert report.shared == (Shared(str(main), report.files - 2),)
    assert (report.added, report.changed, report.unchanged) == (report.files, 0, 0)
    assert report.source_bytes < 100
    (own,) = segments(main)
    assert [path.samefile(own) for path in segments(linked)].count(True) == 1
    require_as_fresh(linked)
    with semindex.open(linked) as index:
        assert index.status().shared == report.shared
        assert index.search("added_here")[0].path == "json/added.py"
        assert [d.path for d in index.symbol("JSONDecoder").definitions] == []
    assert build(linked).generation == report.generation, "nothing is left to do"


def test_the_main_work_tree_takes_from_a_linked_one(main: Path, linked: Path) -> None:
    build(linked)
    layout.clean(main / ".semindex")
    report = build(main)
    assert report.shared == (Shared(str(linked), report.files),)
    require_as_fresh(main)


def test_what_becomes_of_one_index_is_nothing_to_the_other(main: Path, linked: Path) -> None:
    build(linked)
    before = stored_chunks(linked / ".semindex")
    for path in sorted([*main.rglob("*.py"), *main.rglob("*.md")]):
        path.write_text("def replaced():\n    return 0\n")
    report = build(main)
    assert report.merged_segments, "the shared segment is not in use there any more"
    require_as_fresh(main)
    assert stored_chunks(linked / ".semindex") == before
    shutil.rmtree(main / ".semindex")
    require_as_fresh(linked)
    (linked / "json" / "scanner.py").write_text("def other():\n    return 0\n")
    build(linked)
    layout.clean(linked / ".semindex")
    build(main)
    require_as_fresh(main)


def test_files_are_compared_by_their_bytes(main: Path, linked: Path) -> None:
    path, twin = linked / "json" / "tool.py", main / "json" / "tool.py"
    path.write_bytes(twin.read_bytes().replace(b"infile", b"source"))
    os.utime(path, ns=(twin.stat().st_mtime_ns, twin.stat().st_mtime_ns))
    assert path.stat().st_size == twin.stat().st_size
    report = build(linked)
    assert report.shared == (Shared(str(main), report.files - 1),)
    require_as_fresh(linked)


def test_a_file_that_is_ignored_here_is_not_taken(main: Path, linked: Path) -> None:
    (linked / ".semindexignore").write_text("notes/\n")
    report = build(linked)
    assert 0 < sum(each.files for each in report.shared) < report.files
    require_as_fresh(linked)


def test_little_is_not_taken(main: Path, linked: Path) -> None:
    for path in [*linked.glob("json/*"), *linked.glob("notes/*")]:
        path.write_text("def replaced():\n    return 0\n")
    assert build(linked).shared == ()
    require_as_fresh(linked)
    assert len(segments(linked)) == 1


def test_the_index_that_has_most_is_taken_from_first(main: Path, linked: Path, tmp_path: Path) -> None:
    third = tmp_path / "third"
    git(main, "worktree", "add", "-q", str(third))
    for tree, package in ((linked, "json"), (third, "notes")):
        for path in sorted((tree / package).iterdir()):
            path.write_text(path.read_text() + f"\n# {package}\n")
    build(third)
    shutil.rmtree(linked / "notes")
    shutil.copytree(third / "notes", linked / "notes")
    report = build(linked)
    files = {each.root: each.files for each in report.shared}
    assert list(files) == [str(third)]
    assert files[str(third)] >= len(list((third / "notes").iterdir()))
    require_as_fresh(linked)


def test_other_rules_take_nothing(main: Path, linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (linked / ".env").write_text("PASSWORD=correct-horse\n")
    given = Settings(enable_caching=False, index_secrets=True)
    assert build(linked, given=given).shared == ()
    require_as_fresh(linked, given=given)
    layout.clean(linked / ".semindex")
    with monkeypatch.context() as patch:
        patch.setattr(analysis, "WORK_VERSION", 999)
        analysis.file_analysis.cache_clear()
        assert build(linked).shared == ()
    analysis.file_analysis.cache_clear()


def test_an_index_by_several_rules_gives_nothing(main: Path, linked: Path) -> None:
    """As one is while a build by other settings goes on."""
    with Catalog.open_writer(main / ".semindex", model="") as catalog:
        catalog.commit(Change(meta={READ_BY: MIXED}))
    assert build(linked).shared == ()


def test_a_build_by_other_rules_that_was_stopped_is_made_good_by_the_old_rules(
    main: Path,
) -> None:
    (main / ".env").write_text("PASSWORD=correct-horse\n")
    build(main)

    class Stopped(Exception):  # noqa: N818 - no error
        pass

    def stop(step: Progress) -> None:
        if step.stage == "index" and step.done == step.total:
            raise Stopped

    place = Workplace(
        main,
        main / ".semindex",
        open_embedder(),
        MEMORY_BYTES,
        batch_bytes=20_000,
        commit_seconds=0.0,
        rules=read_rules(Settings(index_secrets=True)),
    )
    with pytest.raises(Stopped):
        Builder(place, progress=stop).refresh()
    build(main)
    require_as_fresh(main, queries=["PASSWORD correct horse", *QUERIES])


def test_a_file_whose_grammar_was_stopped_is_analysed_again(main: Path, linked: Path) -> None:
    with Catalog.open_writer(main / ".semindex", model="") as catalog:
        catalog.commit(Change(meta={STOPPED: stopped_note({"json/tool.py": "took too long"})}))
    report = build(linked)
    assert report.shared == (Shared(str(main), report.files - 1),)
    require_as_fresh(linked)


def test_damage_is_not_taken_over(main: Path, linked: Path) -> None:
    (segment,) = segments(main)
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    assert build(linked).shared == ()
    assert len(segments(linked)) == 1
    require_as_fresh(linked)


@pytest.mark.parametrize("damage", ["catalog", "segment"])
def test_an_index_that_cannot_be_read_is_passed_over(main: Path, linked: Path, damage: str) -> None:
    broken = main / ".semindex" / "catalog.db" if damage == "catalog" else segments(main)[0]
    broken.write_bytes(b"nothing of this kind")
    report = build(linked)
    assert (report.shared, report.warnings) == ((), ())
    named = build(shutil.copytree(linked / "json", linked.parent / "clone"), share_from=main)
    assert named.shared == () and "nothing was taken from" in named.warnings[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no numbers of users")
@pytest.mark.parametrize("planted", ["link", "other user"])
def test_a_link_and_the_index_of_another_user_are_not_read(
    main: Path, linked: Path, tmp_path: Path, planted: str
) -> None:
    folder = main / ".semindex"
    if planted == "link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    elif os.getuid() == 0:
        os.chown(folder, 64_321, 64_321)
    else:
        pytest.skip("only root can make another user's folder")
    assert build(linked).shared == ()
    with pytest.raises(IndexUntrusted):
        build(linked, share_from=main)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("forged", ["modes", "root"])
def test_an_index_that_came_with_a_branch_is_not_taken_from(main: Path, linked: Path, forged: str) -> None:
    """Git gives what it checks out to everybody to read, and nobody knows where that will be."""
    if forged == "modes":
        for path in segments(main):
            path.chmod(0o644)
    else:
        with Catalog.open_writer(main / ".semindex", model="") as catalog:
            catalog.commit(Change(meta={"root": "/home/mallory/main"}))
    assert build(linked).shared == ()
    assert len(segments(linked)) == 1
    layout.clean(linked / ".semindex")
    assert build(linked, share_from=main).shared, "who names it answers for it"


def test_a_clone_takes_from_the_index_that_is_named(main: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(main), str(clone))
    report = build(clone, share_from=main)
    assert report.shared == (Shared(str(main), report.files),)
    require_as_fresh(clone)
    layout.clean(clone / ".semindex")
    assert build(clone).shared == (), "nothing tells that the two are clones"
    layout.clean(clone / ".semindex")
    assert build(clone, share_from=main / ".semindex").shared[0].files == report.files


def test_nothing_can_be_taken_from_where_there_is_no_index(main: Path, linked: Path) -> None:
    for folder in (linked, linked / "json", linked.parent / "absent"):
        with pytest.raises(UsageError, match="no index to take files from"):
            build(linked, share_from=folder)
    build(linked)
    with pytest.raises(UsageError, match="that is to be built"):
        build(linked, share_from=linked)
    with semindex.open(linked) as index, pytest.raises(UsageError, match="of no use with force"):
        index.refresh(force=True, share_from=str(main))


def test_a_named_index_of_which_nothing_is_equal_is_told(main: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text("def a():\n    pass\n")
    (warning,) = build(tmp_path / "other", share_from=main).warnings
    assert warning == f"nothing was taken from {main / '.semindex'}: it has too few files that are equal"


def test_a_large_change_is_taken_from_a_work_tree_that_has_it(
    main: Path, linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(linked)
    for path in sorted((main / "json").glob("*.py")):
        path.write_text(path.read_text() + "\n# a comment of another branch\n")
    build(main)
    for path in sorted((main / "json").glob("*.py")):
        shutil.copy(path, linked / "json" / path.name)
    count = len(list((main / "json").glob("*.py")))
    monkeypatch.setattr(builder, "CHEAP_FILES", count - 1)
    report = build(linked)
    assert (report.changed, report.shared) == (count, (Shared(str(main), count),))
    require_as_fresh(linked)


def test_a_small_change_looks_for_no_other_index(
    main: Path, linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(linked)
    monkeypatch.setattr(sharing, "sibling_donors", None)
    (linked / "json" / "tool.py").write_text("def edited():\n    return 1\n")
    assert build(linked).changed == 1


def merged_away(main: Path) -> None:
    """What a writer of the other index does: it has another segment then."""
    with semindex.open(main, settings=PLAIN) as index:
        index.refresh(force=True)


@pytest.mark.parametrize("act", [merged_away, lambda main: layout.clean(main / ".semindex")])
def test_an_index_that_changes_while_it_is_taken_from(
    main: Path, linked: Path, act: Callable[[Path], object]
) -> None:
    (main / "json" / "extra.py").write_text("def extra():\n    return 1\n")
    build(main)
    assert len(segments(main)) == 2
    seen: list[str] = []

    def on_step(name: str) -> None:
        seen.append(name)
        if name == "link:made" and seen.count(name) == 1:
            act(main)

    (linked / "json" / "extra.py").write_text("def extra():\n    return 1\n")
    report = stepped(linked, on_step)
    if act is merged_away:
        assert report.shared == (Shared(str(main), report.files),)
        assert seen.count("link:made") == 2, "one of the first try, and the only one of the second"
    else:
        assert report.shared == ()
    with semindex.open(linked) as index:
        assert len(segments(linked)) == index.status().segments, "no garbage is left"
    require_as_fresh(linked)


def test_one_that_is_rewritten_again_and_again_is_given_up(
    main: Path, linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, tries = linking.link_segment, list[Path]()

    def rewritten(source_dir: Path, *given: object, **options: object) -> object:
        tries.append(source_dir)
        merged_away(main)
        return taken(source_dir, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sharing, "link_segment", rewritten)
    monkeypatch.setattr(sharing, "_TRIES", 2)
    report = build(linked)
    assert (report.shared, report.warnings) == ((), ())
    assert tries == [main / ".semindex"] * 2
    require_as_fresh(linked)


def test_a_folder_in_a_work_tree_takes_from_the_same_folder(main: Path, linked: Path) -> None:
    with semindex.open(main / "json", settings=PLAIN) as index:
        index.refresh()
    report = build(linked / "json")
    assert report.shared == (Shared(str(main / "json"), report.files),)
    require_as_fresh(linked / "json")


def test_only_the_indexes_written_last_are_looked_at(
    main: Path, linked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(linked)
    third = tmp_path / "third"
    git(main, "worktree", "add", "-q", str(third))
    for age, tree in enumerate((linked, main)):
        os.utime(tree / ".semindex" / "catalog.db", ns=(10**18 - age, 10**18 - age))
    (third / ".semindex").mkdir()
    assert sharing.sibling_donors(third, third / ".semindex") == [
        Donor(linked, linked / ".semindex"),
        Donor(main, main / ".semindex"),
    ]
    monkeypatch.setattr(sharing, "_MOST_DONORS", 1)
    assert sharing.sibling_donors(third, third / ".semindex") == [Donor(linked, linked / ".semindex")]


@pytest.mark.parametrize("note", ["", "{", "[1]", '{"a": 1}'])
def test_a_note_that_cannot_be_read_tells_of_nothing(note: str) -> None:
    assert sharing.read_shared(note) == {}


def test_a_root_with_bytes_that_are_no_text_is_noted() -> None:
    taken = sharing.Taken(Path(os.fsdecode(b"/code/\xff")), ())
    assert json.loads(sharing.shared_note({"x": str(taken.root)}, [taken])) == {"x": "/code/\udcff"}


def test_the_command_line_tells_what_was_taken(main: Path, linked: Path) -> None:
    ran = semindex_command("search", "JSONDecoder", "--json", cwd=linked)
    with semindex.open(linked) as index:
        files = index.status().indexed
    told = f"{files} of {files} files taken from the index of {main}"
    assert f"shared: {told}" in ran.object["coverage"]["notes"]
    assert f"shared      {told}" in semindex_command("status", cwd=linked).out.splitlines()
    layout.clean(linked / ".semindex")
    ran = semindex_command("index", "--share-from", "../main", "--json", cwd=linked)
    assert ran.object["shared"] == [{"root": str(main), "files": files}]
    ran = semindex_command("index", "--share-from", "json", cwd=linked)
    assert (ran.code, ran.out) == (2, "") and "json has no index to take files from" in ran.err
    assert semindex_command("index", "--share-from", "../main", "--force", cwd=linked).code == 2


def refresh_dying(root: Path, donor: Path, fatal: int) -> None:
    """Run in a child: take from another index, and be killed at the step of a number."""
    step = 0

    def on_step(_name: str) -> None:
        nonlocal step
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        step += 1

    stepped(root, on_step, donor)


def require_old_or_new(main: Path, tmp_path: Path, choose: Callable[[list[str]], Iterable[int]]) -> None:
    """Kill builds that take from another index at some of their steps; each is gone on with to its end."""
    tree = copy_package("json", tmp_path / "tree")
    (tree / "json" / "tool.py").write_text("def other_tool():\n    return 0\n")
    steps: list[str] = []
    whole = stepped(shutil.copytree(tree, tmp_path / "whole"), steps.append, main)
    assert whole.shared and whole.files > whole.shared[0].files
    first = steps.index("catalog:committed")
    shutil.copytree(tree, tmp_path / "partial")
    assert in_child(refresh_dying, tmp_path / "partial", main, first) == -signal.SIGKILL
    partial, after = state(tmp_path / "partial"), state(tmp_path / "whole")
    assert None not in (partial, after) and partial != after
    for number in choose(steps):
        root = tmp_path / "root"
        shutil.copytree(tree, root)
        assert in_child(refresh_dying, root, main, number) == -signal.SIGKILL
        killed_at = f"{steps[number]}, step {number}"
        assert state(root) in (None, partial, after), killed_at
        stepped(root, share_from=main)
        assert state(root) == after, killed_at
        with semindex.open(root) as index:
            assert len(segments(root)) == index.status().segments, f"garbage left after {killed_at}"
        shutil.rmtree(root)


@kills
def test_a_build_that_is_killed_while_it_takes_is_old_or_new(main: Path, tmp_path: Path) -> None:
    require_old_or_new(
        main, tmp_path, lambda steps: map(steps.index, ("link:made", "catalog:state", "catalog:committed"))
    )


@kills
@pytest.mark.slow
def test_a_build_that_is_killed_at_any_step_is_old_or_new(main: Path, tmp_path: Path) -> None:
    require_old_or_new(main, tmp_path, lambda steps: range(len(steps)))


Edits = list[tuple[str, str, str, str, int]]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["write", "append", "delete", "rename"]),
        st.sampled_from(["", "src", "src/v1", "src/v2", "tests"]),
        st.sampled_from(sorted(SNIPPETS)),
        st.sampled_from(WORDS),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=12,
)


def edit(root: Path, edits: Edits, begin: int = 0) -> None:
    """Change a tree in any way; the same edits make the same tree."""
    for number, (what, folder, suffix, word, name) in enumerate(edits, begin):
        files = sorted(p for p in root.rglob("*.*") if p.is_file() and ".semindex" not in p.parts)
        files = [each for each in files if each.name != "kept.py"]
        if what == "write" or not files:
            path = root / folder / f"{word}_{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(suffix, word, number))
            continue
        path = files[name % len(files)]
        if what == "append":
            path.write_text(path.read_text() + text_of(path.suffix[1:], word, number))
        elif what == "delete":
            path.unlink()
        else:
            path.rename(path.with_name(f"moved_{name}{path.suffix}"))


def require_equal_after(common: Edits, later: Edits, here: Edits, after: Edits) -> int:
    """Two trees with a common past, of which one takes from the other; gives the number of files taken."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        for root in (one, other):
            root.mkdir()
            (root / "kept.py").write_text(text_of("py", "kept", 7))
            edit(root, common)
        build(one)
        # The other index has several segments, and dead files.
        edit(one, later, 20)
        build(one)
        edit(other, here, 40)
        report = build(other, share_from=one)
        require_as_fresh(other)
        edit(other, after, 60)
        build(other)
        require_as_fresh(other)
        require_as_fresh(one)
        return sum(each.files for each in report.shared)


def test_after_some_changes_the_index_is_the_fresh_index() -> None:
    written = [("write", folder, "py", word, 1) for folder in ("", "src/v1", "tests") for word in WORDS]
    later = [
        ("append", "", "py", "token", 2),
        ("write", "src/v2", "md", "cookie", 3),
        ("delete", "", "c", "x", 5),
    ]
    here = [
        ("append", "", "py", "token", 6),
        ("write", "src/v2", "md", "cookie", 4),
        ("rename", "", "c", "x", 0),
    ]
    assert require_equal_after(written, later, here, [("append", "", "js", "socket", 1), *later]) >= 15


@pytest.mark.slow
@given(common=EDITS, later=EDITS, here=EDITS, after=EDITS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_after_any_changes_the_index_is_the_fresh_index(
    common: Edits, later: Edits, here: Edits, after: Edits
) -> None:
    require_equal_after(common, later, here, after)
