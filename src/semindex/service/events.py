"""What a watcher tells while it keeps an index up to date (:mod:`semindex.service.watching`)."""

from __future__ import annotations

from msgspec import Struct


class Started(Struct, frozen=True, tag_field="event", tag="started"):
    """It begins."""

    root: str
    index_dir: str


class Refreshed(Struct, frozen=True, tag_field="event", tag="refreshed"):
    """The index was brought up to date, even if there was nothing to do."""

    looked_at: int | None
    """How many changed paths were looked at; None when everything was."""
    added: int
    changed: int
    removed: int
    files: int
    """Indexed files now."""
    seconds: float
    warnings: tuple[str, ...]


class Watching(Struct, frozen=True, tag_field="event", tag="watching"):
    """From now on the system tells what changes."""

    folders: int


class Scanning(Struct, frozen=True, tag_field="event", tag="scanning"):
    """The system does not tell what changes, so everything is looked at again and again."""

    reason: str
    """Why, and what to do about it."""
    seconds: float
    """The pause between two looks, as far as it is known now."""


class Waiting(Struct, frozen=True, tag_field="event", tag="waiting"):
    """Another process is writing the index; what has changed is indexed when it has ended."""

    holder: str


class Paused(Struct, frozen=True, tag_field="event", tag="paused"):
    """The root is gone; it is looked for."""

    reason: str


class Resumed(Struct, frozen=True, tag_field="event", tag="resumed"):
    """The root is back."""


class Failed(Struct, frozen=True, tag_field="event", tag="failed"):
    """The index could not be brought up to date."""

    error: str
    """The name of the error's class."""
    message: str
    retry_seconds: float
    """When it is tried again."""


class Stopped(Struct, frozen=True, tag_field="event", tag="stopped"):
    """It ends, because it was asked to."""


WatchEvent = Started | Refreshed | Watching | Scanning | Waiting | Paused | Resumed | Failed | Stopped
