"""How a model is to be run: plain values that can travel to another process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DeviceChoice(Enum):
    """Which device a user wants."""

    AUTO = "auto"
    """A GPU where the installed packages can use one and find it, else the processor."""
    CPU = "cpu"
    CUDA = "cuda"
    """A GPU, and an error where there is none."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a model is run; the defaults choose for themselves."""

    max_tokens: int = 0
    """A shorter longest input than the model's own; 0 for that."""
    device: DeviceChoice = DeviceChoice.AUTO
    threads: int = 0
    """To use in all; 0 for one a core."""
    batch_size: int = 0
    """Texts run together; 0 chooses (:mod:`semindex.models.batching`). One, whatever is said, for a graph in
    which a text's vector would depend on the others."""
    most_bytes: int | None = None
    """Memory that this process may hold while it runs the model; None without a bound."""
    exact: bool = False
    """In float32 whatever the device, so that an index of it is of no other kind."""
    derived: str = ""
    """Folder where what is made of a model is kept (its int8 graph); empty makes nothing."""


DEFAULT = RunOptions()
