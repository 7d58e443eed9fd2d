"""What this project measures; run from the top of the repository, ``python -m benchmarks.NAME``."""
