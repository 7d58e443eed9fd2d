"""Parse source files: find their symbols and comments, and cut them into chunks."""
