"""What a build and its workers send each other: pickled objects, each after its length in 8 bytes."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any, SupportsIndex

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import SemindexError
from semindex.indexing.executors.base import reason_of
from semindex.indexing.memory import peak_bytes
from semindex.process.memory import resident_bytes

_LENGTH = struct.Struct("<Q")


class Payload:
    """Bytes that can be sent beside a pickle, without a copy of them in it (pickle's out-of-band buffers)."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | memoryview) -> None:
        """Take bytes, or a view of them."""
        self.data = memoryview(data).cast("B")

    def __len__(self) -> int:
        return self.data.nbytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Payload) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[Payload], tuple[pickle.PickleBuffer]]:
        return Payload, (pickle.PickleBuffer(self.data),)


def pickle_parts(value: object) -> tuple[bytes, list[npt.NDArray[np.uint8]]]:
    """A pickle of the value, and the bytes of its payloads as arrays, which dask sends without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return data, [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers]


class Reply(Struct, frozen=True):
    """A worker's answer to one item, or to the greeting, which is task and setup."""

    result: Any
    failure: str | None
    """Why there is no result; None if there is one."""
    error: SemindexError | None
    """What ends the whole run, as the cause is not the item."""
    resident_bytes: int
    """What the worker's process holds now."""
    peak_bytes: int
    """The most that it has held."""


def reply_to(work: Any, *arguments: Any) -> Reply:
    """The result of a call, or how the call failed, as a value."""
    result: Any = None
    failure: str | None = None
    error: SemindexError | None = None
    try:
        result = work(*arguments)
    except SemindexError as raised:
        error = raised
    except Exception as raised:  # noqa: BLE001 - the process's edge: the failure becomes a value
        failure = reason_of(raised)
    return Reply(result, failure, error, resident_bytes(), peak_bytes())


def send(stream: IO[bytes], value: object) -> None:
    """Write one object to a pipe.

    Raises:
        OSError: The other side has closed the pipe.
    """
    data = pickle.dumps(value, protocol=5)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one object from a pipe, whose other side is a process that we started, or that started us.

    Raises:
        EOFError: The other side has closed the pipe.
    """
    (size,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, size))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
