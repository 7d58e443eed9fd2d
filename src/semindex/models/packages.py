"""Imports optional packages, with an error that names the extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from semindex.errors import ModelError


@contextmanager
def from_extra(extra: str) -> Iterator[None]:
    """A context for imports of packages that come with an extra.

    Raises:
        ModelError: A package is not installed; the message names the extra.
    """
    try:
        yield
    except ImportError as error:
        raise ModelError(
            f"a package is missing that this model needs ({error}); "
            f'install it with: pip install "semindex[{extra}]"'
        ) from error
