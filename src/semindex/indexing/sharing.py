"""Takes files from the indexes of other work trees and clones, which have analysed the same bytes already.

Example: ``/code/app`` is indexed, and ``git worktree add ../feature`` makes a tree that differs in ``b.py``.
The index of ``/code/app`` has one segment with ``a.py``, ``b.py`` and ``c.py``. The first build of
``/code/feature`` links this segment, reads the three files, finds ``a.py`` and ``c.py`` by their digests, and
commits them with the times that they have here; ``b.py`` is dead in this segment from the start. Then the
build goes on, and has one file to analyse.

What is stored of a file depends on its path, its bytes, the model, and the rules of analysis and reading, and
on nothing else of its tree; so an index that was made so answers as any other. An index is taken from only if
its model and its rules are those of this build. Ignore rules are matters of the walk, which has been made.
Bytes are compared, and no times or object ids of git: to read and hash a file takes a small part of the time
in which it is analysed, and is right whatever git's filters and index do.

Files whose grammar was stopped are not taken: with more time it may come to an end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from semindex.errors import (
    BrokenIndex,
    IndexCorrupt,
    IndexUntrusted,
    IndexUnwritable,
    NotIndexed,
    UsageError,
)
from semindex.indexing.plan import READ_BY, Plan, by_todays_rules
from semindex.indexing.stopped import STOPPED, read_stopped, read_texts
from semindex.indexing.workplace import Workplace
from semindex.source.git import find_top
from semindex.source.read import digest_of, load_bytes
from semindex.source.siblings import other_work_trees
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.linking import link_segment, settle_links
from semindex.store.ownership import is_closed, refuse
from semindex.store.records import FileRecord, LiveSegments, NewFile, NewSegment, SegmentRecord
from semindex.store.segment import SegmentMissing
from semindex.store.soundness import find_damage, open_listed
from semindex.types import FileRef, Progress, ProgressCallback, Shared

SHARED = "shared"
"""Key of the catalog's note that names the roots of the indexes from which segments were taken."""
LEAST_SHARE = 0.1
"""A segment of which less is equal is not taken. If a tenth is, leaving the rest out, as the merge at the end
of the build does, still takes a small part of the time in which that tenth is analysed."""
_MOST_DONORS = 8
"""Of more indexes only those are looked at that were written last."""
_TRIES = 5
"""So often an index is read anew, when a merge has removed a segment since it was read."""
_TOLD_FILES = 100


class Donor(Struct, frozen=True):
    """An index from which files may be taken."""

    root: Path
    index_dir: Path
    named: bool = False
    """Whether a user named it, and so answers for it."""


class Taken(Struct, frozen=True):
    """What was taken from one index: segments in this index's folder that no commit names yet."""

    root: Path
    segments: tuple[NewSegment, ...]

    @property
    def shared(self) -> Shared:
        """How much that is."""
        return Shared(str(self.root), sum(len(segment.files) for segment in self.segments))

    @property
    def paths(self) -> Iterator[str]:
        """The paths of the files."""
        return (file.ref.path for segment in self.segments for file in segment.files)


class Takings(Struct, frozen=True):
    """What was taken from all indexes."""

    parts: tuple[Taken, ...] = ()
    warnings: tuple[str, ...] = ()
    """Why nothing was taken from the index that a user named."""


class _Unfit(Exception):  # noqa: N818 - says why an index cannot be taken from
    """The message is the end of a sentence about the index."""


def named_donor(folder: Path, index_dir: Path) -> Donor:
    """The index of a folder that a user named; or the index that lies in that folder itself.

    Args:
        folder: What was named.
        index_dir: The index that is to be built.

    Raises:
        UsageError: There is no index, or it is the same one.
        IndexUntrusted: It is a link, or another user's.
    """
    folder = folder.absolute()
    found = folder if layout.has_catalog(folder) else folder / layout.FOLDER
    if not layout.has_catalog(found):
        raise UsageError(
            f"{folder} has no index to take files from; name the folder of an indexed repository, or run: "
            f"semindex index {folder}"
        )
    if _are_same(found, index_dir):
        raise UsageError(f"{folder} names the index that is to be built; name that of another folder")
    refusal = refuse(found)
    if refusal:
        raise IndexUntrusted(refusal)
    return Donor(folder.resolve(), found, named=True)


def sibling_donors(root: Path, index_dir: Path) -> list[Donor]:
    """The indexes of the other work trees of the repository that ``root`` is in, the last written first."""
    top = find_top(root)
    if top is None:
        return []
    found: list[tuple[int, Donor]] = []
    for tree in other_work_trees(top):
        donor = Donor(tree / root.relative_to(top), tree / root.relative_to(top) / layout.FOLDER)
        with suppress(OSError):
            written = (donor.index_dir / layout.CATALOG).stat().st_mtime_ns
            if not refuse(donor.index_dir) and not _are_same(index_dir, donor.index_dir):
                found.append((written, donor))
    found.sort(key=lambda each: each[0], reverse=True)
    return [donor for _, donor in found[:_MOST_DONORS]]


def _are_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def wanted_of(work: Plan) -> list[FileRef]:
    """Files of a plan whose content the index does not have, as far as can be told without reading them."""
    return [ref for ref in work.read if not _looks_held(ref, work.files.get(ref.path))]


def _looks_held(ref: FileRef, known: FileRecord | None) -> bool:
    return known is not None and known.ref.size_bytes == ref.size_bytes and by_todays_rules(known)


def take(
    place: Workplace, wanted: Sequence[FileRef], *, named: Donor | None, progress: ProgressCallback
) -> Takings:
    """Link what is equal from the other indexes of the repository, most from that which has most of it.

    Args:
        place: The build; its index folder exists, and the caller holds the writer lock.
        wanted: The files that are to be indexed.
        named: An index that the user named.
        progress: Told of the files that are compared.

    Raises:
        IndexUnwritable: There is no room, or no permission.
    """
    donors = sibling_donors(place.root, place.index_dir)
    if named is not None:
        donors = [named, *(each for each in donors if not _are_same(each.index_dir, named.index_dir))]
    if not donors:
        return Takings()
    sharing = _Sharing(place, {ref.path: ref for ref in wanted}, progress)
    if len(donors) > 1:
        donors = sorted(donors, key=sharing.count, reverse=True)
    parts: list[Taken] = []
    warnings: list[str] = []
    for donor in donors:
        try:
            taken = sharing.take(donor)
        except IndexUnwritable:
            raise
        except (_Unfit, BrokenIndex, NotIndexed) as error:
            # The work tree of another user, or of another semindex, is no concern of this build.
            if donor.named:
                warnings.append(f"nothing was taken from {donor.index_dir}: {error}")
            continue
        parts += [taken] if taken.segments else []
        if donor.named and not taken.segments:
            warnings.append(f"nothing was taken from {donor.index_dir}: it has too few files that are equal")
    if parts:
        settle_links(place.index_dir)
    return Takings(tuple(parts), tuple(warnings))


class _Offer(Struct, frozen=True):
    """What one index has of the files that are wanted, judged by their paths and sizes."""

    live: LiveSegments
    files: Mapping[int, Sequence[FileRecord]]
    """By the id of their segment."""


class _Sharing(Struct):
    """Takes from one index after another what is still wanted."""

    place: Workplace
    wanted: dict[str, FileRef]
    progress: ProgressCallback
    compared: int = 0
    total: int = 0
    missed: set[tuple[str, bytes]] = field(default_factory=set)
    """Paths with digests of others that the files here do not have."""

    def count(self, donor: Donor) -> int:
        """About how many of the wanted files an index has; 0 of one that cannot be used."""
        try:
            return sum(map(len, self._offer(donor).files.values()))
        except (_Unfit, BrokenIndex, NotIndexed):
            return 0

    def take(self, donor: Donor) -> Taken:
        """Link the segments of an index that are worth it, and forget the files in them.

        Raises:
            _Unfit: The index was made by other rules.
            BrokenIndex: It cannot be read, or has been rewritten as often as it was tried.
            NotIndexed: There is none any more.
            IndexUnwritable: There is no room here.
        """
        for left in reversed(range(_TRIES)):
            offer = self._offer(donor)
            worth = [
                each for each in offer.live.segments if self._is_worth(each, offer.files.get(each.id, ()))
            ]
            linked: list[SegmentRecord] = []
            try:
                # All of them before any file is read: a merge may remove them meanwhile.
                linked.extend(self._link(donor, record) for record in worth)
            except SegmentMissing:
                self._discard(linked)
                if not left:
                    raise
            else:
                return self._taken(donor, offer, worth, linked)
        raise AssertionError("the last try returns or raises")

    def _offer(self, donor: Donor) -> _Offer:
        refusal = refuse(donor.index_dir)
        if refusal:
            raise IndexUntrusted(refusal)
        with Catalog.open_reader(donor.index_dir) as catalog:
            while True:
                live, files = catalog.live(), self._offered(donor, catalog)
                # A commit between the two would give files of segments that are not listed.
                if catalog.current == (live.identity, live.generation):
                    return _Offer(live, files)

    def _offered(self, donor: Donor, catalog: Catalog) -> Mapping[int, Sequence[FileRecord]]:
        if not donor.named and catalog.meta("root") != str(donor.root):
            raise _Unfit("it was made for another folder")
        if catalog.model != self.place.embedder.fingerprint:
            raise _Unfit(f"it was made with the model {catalog.model}")
        if catalog.meta(READ_BY) != self.place.rules.note:
            raise _Unfit("it was made with other settings of which files are indexed, or is not whole")
        # Those that are not wholly indexed may be by now, or with more time.
        partly = {*read_stopped(catalog.meta(STOPPED)), *(each.failure.path for each in catalog.failures())}
        files: dict[int, list[FileRecord]] = {}
        for record in catalog.files():
            ref = self.wanted.get(record.ref.path)
            if ref is not None and _looks_held(ref, record) and record.ref.path not in partly:
                files.setdefault(record.segment, []).append(record)
        return files

    def _is_worth(self, record: SegmentRecord, files: Sequence[FileRecord]) -> bool:
        return len(files) > 0 and len(files) >= LEAST_SHARE * record.files

    def _link(self, donor: Donor, record: SegmentRecord) -> SegmentRecord:
        linked = link_segment(donor.index_dir, record, self.place.index_dir, on_step=self.place.on_step)
        path = layout.segment_path(self.place.index_dir, linked.name)
        if not donor.named and not is_closed(path):
            # A branch may hold an index that somebody forged, which git checks out as any other files.
            self._discard([linked])
            raise _Unfit("others may read its files, so no semindex made them")
        return linked

    def _discard(self, records: Sequence[SegmentRecord]) -> None:
        names = [record.name for record in records]
        layout.discard(self.place.index_dir, names, on_step=self.place.on_step)

    def _taken(
        self, donor: Donor, offer: _Offer, worth: Sequence[SegmentRecord], linked: Sequence[SegmentRecord]
    ) -> Taken:
        """Of the linked segments those that are sound and worth it; the others are removed."""
        self.compared, self.total = 0, sum(len(offer.files[record.id]) for record in worth)
        segments: list[NewSegment] = []
        for record in linked:
            equal = [each for each in offer.files[record.id] if self._is_equal(each)]
            if self._is_worth(record, equal) and self._is_sound(record, equal):
                segments.append(self._new_segment(record, equal))
            else:
                self._discard([record])
        taken = Taken(donor.root, tuple(segments))
        for path in taken.paths:
            del self.wanted[path]
        return taken

    def _is_equal(self, record: FileRecord) -> bool:
        """Whether the file here has the bytes that were indexed there."""
        path = record.ref.path
        if self.compared % _TOLD_FILES == 0:
            self.progress(Progress("share", self.compared, self.total, "files", path))
        self.compared += 1
        if (path, record.digest) in self.missed:
            return False
        stored = load_bytes(self.place.root, self.wanted[path], rules=self.place.rules)
        if isinstance(stored, bytes) and digest_of(stored) == record.digest:
            return True
        self.missed.add((path, record.digest))
        return False

    def _is_sound(self, record: SegmentRecord, files: Sequence[FileRecord]) -> bool:
        """Whether a linked segment is what the other catalog says of it, so that no damage is taken over."""
        try:
            segment = open_listed(self.place.index_dir, record)
        except IndexCorrupt:
            return False
        try:
            return not find_damage(segment, thorough=False, files=files)
        finally:
            segment.close()

    def _new_segment(self, record: SegmentRecord, equal: Sequence[FileRecord]) -> NewSegment:
        files = [
            NewFile(
                ref=self.wanted[each.ref.path],
                digest=each.digest,
                analysis=each.analysis,
                language=each.language,
                ordinal=each.ordinal,
                chunks=each.chunks,
            )
            for each in equal
        ]
        dead = sorted(set(range(record.files)).difference(file.ordinal for file in files))
        return NewSegment(record.name, record.nbytes, record.chunks, files, dead=dead)


def read_shared(note: str | None) -> dict[str, str]:
    """The root of the index from which a segment was taken, by the segment's name.

    A note that cannot be read tells of none: another version of semindex wrote it.
    """
    return read_texts(note)


def shared_note(earlier: Mapping[str, str], parts: Sequence[Taken]) -> str:
    """What the catalog keeps of that, in ASCII whatever bytes a path has."""
    taken = {segment.name: str(part.root) for part in parts for segment in part.segments}
    return json.dumps({**earlier, **taken})


def still_shared(note: str | None, live: LiveSegments) -> tuple[Shared, ...]:
    """How many live files are in segments that were taken from each other index, the most first."""
    roots, files = read_shared(note), dict[str, int]()
    for record in live.segments:
        if record.name in roots:
            root = roots[record.name]
            files[root] = files.get(root, 0) + record.files - len(live.dead.get(record.id, ()))
    ordered = sorted(files.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Shared(root, number) for root, number in ordered if number)
