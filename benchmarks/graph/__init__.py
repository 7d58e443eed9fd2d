"""The code graph's call edges, measured against a type checker: ``python -m benchmarks.graph``."""
