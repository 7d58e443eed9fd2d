"""Exact search: where a pattern can match at all, taken from n-grams; ripgrep confirms."""
