"""Bringing an index up to date."""

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

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
    """A refresh that tells how far it is, which only a caller in the same process can hear."""

    progress: Annotated[
        ProgressCallback | None, Meta(description="Called at each step, from the thread that builds.")
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.progress is not None and not callable(self.progress):
            raise self.refused(f"progress is {self.progress!r}; it must be a function of one argument")


OPERATION = Operation("index", "refresh", Refresh, BuildReport)
