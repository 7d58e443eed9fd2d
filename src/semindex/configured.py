"""What a user's settings name: the embedder, how models are run, and the vectors that are kept on disk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from semindex import config
from semindex.config import Settings, cache_folder
from semindex.embed.registry import open_embedder
from semindex.errors import CacheError
from semindex.models.running import DeviceChoice, RunOptions
from semindex.source.notebooks import MAX_NOTEBOOK_BYTES
from semindex.source.read import ReadRules
from semindex.store.vectorcache import VectorCache
from semindex.types import CacheStats, Embedder


def embedder_opener(settings: Settings, workers: int = 1) -> Callable[[], Embedder]:
    """Opens the embedder in one of so many processes; it can be sent to another."""
    return partial(
        open_embedder,
        settings.embedding_model,
        open_store=partial(vector_cache, settings),
        running=replace(
            running(settings, workers),
            max_tokens=settings.embedding_max_tokens,
            exact=settings.precision == "float32",
            derived=str(derived_folder(settings)) if settings.enable_caching else "",
        ),
        read_key=partial(config.secret, settings.embedding_key_variable),
    )


def read_rules(settings: Settings) -> ReadRules:
    """Which files are left out."""
    return ReadRules(
        max_file_bytes=settings.max_file_kb * 1024,
        max_data_bytes=settings.max_data_kb * 1024,
        max_notebook_bytes=max(MAX_NOTEBOOK_BYTES, settings.max_file_kb * 1024),
        index_secrets=settings.index_secrets,
    )


def running(settings: Settings, workers: int = 1) -> RunOptions:
    """How one of so many processes runs a transformer."""
    return RunOptions(
        device=DeviceChoice(settings.device),
        threads=0 if workers == 1 else 1,
        batch_size=settings.batch_size,
        most_bytes=settings.max_memory_mb * 1_000_000 // workers,
    )


def vector_cache(settings: Settings) -> VectorCache | None:
    """The cache, not yet opened; None when the settings want none."""
    return _cache(settings) if settings.enable_caching and settings.vector_cache_mb else None


def derived_folder(settings: Settings) -> Path:
    """Where graphs are kept that were made of models'; it need not be there."""
    return cache_folder(settings) / "models"


def cache_stats(settings: Settings) -> CacheStats:
    """What is kept, whether or not it is used now."""
    cache = _cache(settings)
    try:
        return cache.stats()
    finally:
        cache.close()


def clear_cache(settings: Settings) -> int:
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
