"""Executors: they run a task over many items, in this process or in several, with the same results."""
