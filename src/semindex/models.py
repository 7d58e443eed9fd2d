"""The models that settings name, as what opens them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from semindex import config
from semindex.cached import derived_folder, vector_cache
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.embed.running import DeviceChoice, Running
from semindex.types import Embedder


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


def running(settings: Settings, workers: int = 1) -> Running:
    """How one of so many processes runs a transformer."""
    return Running(
        device=DeviceChoice(settings.device),
        threads=0 if workers == 1 else 1,
        batch_size=settings.batch_size,
        most_bytes=settings.max_memory_mb * 1_000_000 // workers,
    )
