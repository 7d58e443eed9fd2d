"""Source files to symbols, comments and chunks."""
