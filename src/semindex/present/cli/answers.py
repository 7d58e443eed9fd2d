"""Prints an answer in the shape that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from semindex.types import Definitions, Hits, Texts

Answer = TypeVar("Answer", "Hits", "Definitions", "Texts")
