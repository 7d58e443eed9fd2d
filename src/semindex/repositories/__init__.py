"""The repositories of a user: their names, and the clones of those that were named by a URL."""
