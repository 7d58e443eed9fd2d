"""Options of running a model: plain values that can be sent to another process."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class DeviceChoice(Enum):
    """The device that a user wants a model to run on."""

    AUTO = "auto"
    """A GPU if the installed packages can use one and find it; else the processor."""
    CPU = "cpu"
    CUDA = "cuda"
    """A GPU; an error if there is none."""


class RunOptions(Struct, frozen=True):
    """How to run a model."""

    max_tokens: int = 0
    """Longest input in tokens, if it is to be shorter than the model's own; 0 for the model's own."""
    device: DeviceChoice = DeviceChoice.AUTO
    threads: int = 0
    """Threads to use in all; 0 for one a core."""
    batch_size: int = 0
    """Texts of a batch; 0 chooses (:mod:`semindex.models.batching`). It is always 1 for a graph in which a
    text's vector would depend on the others of its batch."""
    most_bytes: int | None = None
    """Memory that this process may hold in all while it runs the model; None without a bound."""
    exact: bool = False
    """Whether to compute in float32 always; such an index has another fingerprint."""
    derived: str = ""
    """Folder in which int8 graphs made of models are kept; empty to make none."""


DEFAULT = RunOptions()
