"""Disk to source: which files a tree has, what is in them, and in which language."""
