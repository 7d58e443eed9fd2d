"""Digests of texts, by which a cache of vectors finds them."""

from __future__ import annotations

import hashlib
import struct


def text_digest(query: str | None, text: str) -> bytes:
    """The 16 bytes that name what a model was given: a text, or a query and a text.

    The hash is cryptographic, as one cache serves all of a user's repositories: nobody can write a text that
    has the digest of another.
    """
    parts = [part.encode("utf-8", "surrogatepass") for part in (*(() if query is None else (query,)), text)]
    head = struct.pack("<B", len(parts)) + b"".join(struct.pack("<Q", len(part)) for part in parts)
    return hashlib.blake2b(head + b"".join(parts), digest_size=16).digest()
