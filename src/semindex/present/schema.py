"""Records to the objects that ``--json`` prints. The shapes are part of the public face (schema 1)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from semindex.present.safe import is_whole, json_safe, whole_path

if TYPE_CHECKING:
    from semindex.config import Loaded
    from semindex.types import BuildReport, CacheStats, Coverage, FileFailure, Hit, Hits, Status

SCHEMA = 1


def dumps(content: Mapping[str, object], *, ascii_only: bool = False) -> str:
    """One line of JSON with ``"schema": 1`` in front, safe to show in a terminal."""
    return json_safe(json.dumps({"schema": SCHEMA, **content}, ensure_ascii=ascii_only))


def error_object(kind: str, message: str) -> dict[str, Any]:
    """What is printed instead of an answer: the name of the error's class, and its message."""
    return {"error": {"type": kind, "message": message}}


def hits_object(answer: Hits, *, with_text: bool = True) -> dict[str, Any]:
    """An answer; without text every ``text`` is null."""
    return {
        "query": whole_path(answer.query.raw),
        "hits": [hit_object(hit, with_text=with_text) for hit in answer],
        "coverage": coverage_object(answer.coverage),
    }


def hit_object(hit: Hit, *, with_text: bool = True) -> dict[str, Any]:
    """A hit, its ``more`` in the same shape; ``path_bytes`` (base64) only when the path is not UTF-8."""
    return {
        **path_object(hit.path),
        "start_line": hit.start_line,
        "end_line": hit.end_line,
        "score": float(hit.score),
        "symbol": hit.symbol,
        "kind": hit.kind,
        "language": hit.language,
        "reasons": [
            {"signal": reason.signal, "contribution": float(reason.contribution), "detail": reason.detail}
            for reason in hit.reasons
        ],
        "text": hit.text if with_text else None,
        "more": [hit_object(each, with_text=with_text) for each in hit.more],
        "repository": whole_path(hit.repository),
        "digest": hit.digest,
        "stale": hit.stale,
    }


def path_object(path: str) -> dict[str, Any]:
    """``path``, and ``path_bytes`` when it is not UTF-8."""
    if is_whole(path):
        return {"path": path}
    return {"path": whole_path(path), "path_bytes": base64.b64encode(os.fsencode(path)).decode("ascii")}


def coverage_object(coverage: Coverage) -> dict[str, Any]:
    """What an answer could see."""
    return {
        "seen": coverage.seen,
        "indexed": coverage.indexed,
        "chunks": coverage.chunks,
        "skipped": dict(coverage.skipped),
        "freshness": coverage.freshness,
        "changed": coverage.changed,
        "notes": list(coverage.notes),
    }


def report_object(report: BuildReport, *, root: str, index_dir: str) -> dict[str, Any]:
    """What ``index`` did."""
    return {
        "root": whole_path(root),
        "index_dir": whole_path(index_dir),
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": dict(report.skipped),
        "failures": _failures(report.failures),
        "warnings": list(report.warnings),
        "seconds": report.seconds,
        "peak_bytes": report.peak_bytes,
        "processes": report.processes,
        "source_bytes": report.source_bytes,
        "chunks": report.chunks,
        "files": report.files,
        "generation": report.generation,
        "merged_segments": report.merged_segments,
    }


def status_object(status: Status) -> dict[str, Any]:
    """The state of an index, field for field."""
    return {
        "root": whole_path(status.root),
        "index_dir": whole_path(status.index_dir),
        "generation": status.generation,
        "model": status.model,
        "analysis": status.analysis,
        "seen": status.seen,
        "indexed": status.indexed,
        "chunks": status.chunks,
        "symbols": status.symbols,
        "skipped": dict(status.skipped),
        "failures": _failures(status.failures),
        "languages": dict(status.languages),
        "segments": status.segments,
        "dead_files": status.dead_files,
        "index_bytes": status.index_bytes,
        "source_bytes": status.source_bytes,
        "freshness": status.freshness,
        "changed": status.changed,
        "peak_bytes": status.peak_bytes,
        "mapped": status.mapped,
        "problems": list(status.problems),
        "notes": list(status.notes),
    }


def cache_object(stats: CacheStats) -> dict[str, Any]:
    """What is kept on disk, field for field, but that bytes are called so."""
    return {
        "path": whole_path(stats.path),
        "entries": stats.entries,
        "models": stats.models,
        "bytes": stats.nbytes,
        "limit_bytes": stats.limit_bytes,
        "hits": stats.hits,
        "misses": stats.misses,
        "notes": list(stats.notes),
    }


def cleared_object(path: str, freed_bytes: int) -> dict[str, Any]:
    """What clearing a cache did."""
    return {"path": whole_path(path), "freed_bytes": freed_bytes}


def config_object(loaded: Loaded) -> dict[str, Any]:
    """Each value and where it came from, the files looked at, and what of a repository's was passed over."""
    return {
        "settings": [
            {"key": origin.key, "value": origin.value, "source": whole_path(origin.source)}
            for origin in loaded.origins
        ],
        "files": [{"path": whole_path(looked.path), "outcome": looked.outcome} for looked in loaded.files],
        "notes": [whole_path(note) for note in loaded.settings.passed_over],
    }


def _failures(failures: Sequence[FileFailure]) -> list[dict[str, Any]]:
    return [
        {
            **path_object(failure.path),
            "stage": failure.stage,
            "reason": failure.reason.value,
            "detail": failure.detail,
        }
        for failure in failures
    ]
