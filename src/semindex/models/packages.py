"""Optional packages, imported when something needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from semindex.errors import ModelError


@contextmanager
def from_extra(extra: str) -> Iterator[None]:
    """Around imports of what an extra brings.

    Raises:
        ModelError: It is not installed; the message names the extra.
    """
    try:
        yield
    except ImportError as error:
        raise ModelError(
            f"a package is missing that this model needs ({error}); "
            f'install it with: pip install "semindex[{extra}]"'
        ) from error
