"""The vectors that are kept on disk, as the settings name them."""

from __future__ import annotations

from semindex.config import Settings, cache_folder
from semindex.store.vectorcache import VectorCache
from semindex.types import CacheStats


def vector_cache(settings: Settings) -> VectorCache | None:
    """The cache, not yet opened; None when the settings want none."""
    return _cache(settings) if settings.enable_caching and settings.vector_cache_mb else None


def stats(settings: Settings) -> CacheStats:
    """What is kept, whether or not it is used now."""
    cache = _cache(settings)
    try:
        return cache.stats()
    finally:
        cache.close()


def clear(settings: Settings) -> int:
    """Forget everything; the bytes freed.

    Raises:
        CacheError: The file is in use, or the system refused.
    """
    return _cache(settings).clear()


def _cache(settings: Settings) -> VectorCache:
    return VectorCache(cache_folder(settings), most_bytes=settings.vector_cache_mb * 1_000_000)
