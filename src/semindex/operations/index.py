"""Bringing an index up to date."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta
from msgspec.structs import force_setattr, replace

from semindex.operations.base import Operation, Request, option
from semindex.types import BuildReport, Cluster, ProgressCallback


class Refresh(Request, frozen=True, kw_only=True):
    """Index what is new or changed, forget what is gone."""

    force: Annotated[bool, option("Read and analyse every file again.")] = False
    yes: Annotated[
        bool,
        option(
            "Index the folder even if nobody may have meant it: a home folder, one above several "
            "repositories, or over 50,000 files outside git."
        ),
    ] = False
    wait_seconds: Annotated[
        int,
        option(
            "Wait so long for another process that is writing the index, in seconds.",
            least=0,
            flag="--wait",
            metavar="SECONDS",
        ),
    ] = 300
    share_from: Annotated[
        str,
        option(
            "Take equal files from the index of this folder, say an earlier clone, instead of analysing "
            "them. Other git work trees of the repository are found without it.",
            metavar="DIR",
        ),
    ] = ""
    cluster: Annotated[
        Cluster | str | None,
        option(
            "Have the workers of a dask scheduler do it (tcp://host:8786), or local:4. Without this no "
            "connection is opened. Needs semindex[cluster].",
            metavar="ADDRESS",
        ),
    ] = None
    segments_url: Annotated[
        str,
        option(
            "With a cluster: workers leave segments there, in whatever fsspec reaches, instead of "
            "sending them.",
            metavar="URL",
        ),
    ] = ""
    shared_disk: Annotated[
        bool,
        option("With a cluster: workers see the repository under the same path and read it themselves."),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.cluster, Cluster | str | None):
            raise self.refused(f"cluster is {self.cluster!r}; it must be an address, as text or Cluster")
        if self.cluster is None and (self.segments_url or self.shared_disk):
            raise self.refused("segments_url and shared_disk are of use with a cluster only")
        if self.force and self.share_from:
            raise self.refused("share_from is of no use with force, which analyses every file again")

    @property
    def workers(self) -> Cluster | None:
        """The cluster that is named, with all that is said of it."""
        if self.cluster is None:
            return None
        named = Cluster(self.cluster) if isinstance(self.cluster, str) else self.cluster
        return replace(
            named,
            segments_url=self.segments_url or named.segments_url,
            shared_disk=self.shared_disk or named.shared_disk,
        )


class WatchedRefresh(Refresh, frozen=True, kw_only=True):
    """A refresh as only a caller in the same process can ask for it: one that tells how far it is."""

    paths: Annotated[
        Sequence[str] | None,
        Meta(
            description="Look only at what is at or below these files or folders, relative to the root, with "
            "slashes; at everything where that tells less than a user may expect (over 200 paths, an ignore "
            "file, a nested repository). By default all is looked at."
        ),
    ] = None
    verify: Annotated[
        bool, Meta(description="Check what is kept against its checksums, and make again what is damaged.")
    ] = True
    progress: Annotated[
        ProgressCallback | None, Meta(description="Called at each step, from the thread that builds.")
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.paths is not None:
            force_setattr(self, "paths", self._checked(self.paths))
        if not isinstance(self.verify, bool):
            raise self.refused(f"verify is {self.verify!r}; it must be true or false")
        if self.progress is not None and not callable(self.progress):
            raise self.refused(f"progress is {self.progress!r}; it must be a function of one argument")

    def _checked(self, paths: object) -> tuple[str, ...]:
        """The paths, as many as were given.

        Raises:
            UsageError: They are no texts, or one leads out of the root.
        """
        if isinstance(paths, str) or not isinstance(paths, Iterable):
            raise self.refused(f"paths is {paths!r}; it must be a list of paths relative to the root")
        several = tuple(paths)
        for path in several:
            if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
                raise self.refused(f"paths has {path!r}; each must be text, relative to the root")
        return several


OPERATION = Operation("index", "refresh", Refresh, BuildReport)
