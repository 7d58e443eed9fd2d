"""The vectors that are kept on disk, as the settings name them."""

from __future__ import annotations

from pathlib import Path

from semindex.config import Settings, cache_folder
from semindex.errors import CacheError
from semindex.store.vectorcache import VectorCache
from semindex.types import CacheStats


def vector_cache(settings: Settings) -> VectorCache | None:
    """The cache, not yet opened; None when the settings want none."""
    return _cache(settings) if settings.enable_caching and settings.vector_cache_mb else None


def derived_folder(settings: Settings) -> Path:
    """Where graphs are kept that were made of models'; it need not be there."""
    return cache_folder(settings) / "models"


def stats(settings: Settings) -> CacheStats:
    """What is kept, whether or not it is used now."""
    cache = _cache(settings)
    try:
        return cache.stats()
    finally:
        cache.close()


def clear(settings: Settings) -> int:
    """Forget everything, converted graphs too; the bytes freed.

    Raises:
        CacheError: A file is in use, or the system refused.
    """
    freed = _cache(settings).clear()
    for file in sorted(derived_folder(settings).glob("*-int8.*")):
        try:
            nbytes = file.stat().st_size
            file.unlink()
        except OSError as error:
            raise CacheError(f"{file} cannot be removed: {error.strerror}") from error
        freed += nbytes
    return freed


def _cache(settings: Settings) -> VectorCache:
    return VectorCache(cache_folder(settings), most_bytes=settings.vector_cache_mb * 1_000_000)
