"""What passes between a build and its workers: pickled objects, each behind its length."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from semindex.errors import SemindexError
from semindex.indexing.executors.base import reason_of
from semindex.indexing.memory import peak_bytes, resident_bytes

_LENGTH = struct.Struct("<Q")


class Payload:
    """Bytes that travel beside a pickle where the carrier takes them so, not copied into it."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | memoryview) -> None:
        """Of anything that has bytes."""
        self.data = memoryview(data).cast("B")

    def __len__(self) -> int:
        return self.data.nbytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Payload) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[Payload], tuple[pickle.PickleBuffer]]:
        return Payload, (pickle.PickleBuffer(self.data),)


def pickle_parts(value: object) -> tuple[bytes, list[npt.NDArray[np.uint8]]]:
    """A pickle, and the bytes of its loads beside it: as arrays, which dask sends from where they lie."""
    loads: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=loads.append)
    return data, [np.frombuffer(load.raw(), dtype=np.uint8) for load in loads]


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's answer to one item, or to the greeting."""

    result: Any
    failure: str | None
    """Why there is no result."""
    error: Exception | None
    """A :class:`SemindexError` that ends the whole run."""
    resident_bytes: int
    peak_bytes: int


CallOutcome = tuple[Any, str | None, Exception | None]
"""Result, failure and error, as in :class:`Reply`."""


def outcome_of(work: Any, *arguments: Any) -> CallOutcome:
    """What a call gives, or how it fails, as a value."""
    try:
        return work(*arguments), None, None
    except SemindexError as error:
        return None, None, error
    except Exception as error:  # noqa: BLE001 - the process's edge: the failure becomes a value
        return None, reason_of(error), None


def reply_of(result: Any, failure: str | None, error: Exception | None) -> Reply:
    """An outcome with what this process takes."""
    return Reply(result, failure, error, resident_bytes(), peak_bytes())


def send(stream: IO[bytes], value: object) -> None:
    """Write one object.

    Raises:
        OSError: Nobody reads any more.
    """
    data = pickle.dumps(value, protocol=5)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one object; what arrives comes from a process that we began, or that began us.

    Raises:
        EOFError: The other side is gone.
    """
    (size,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, size))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
