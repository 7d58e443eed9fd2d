"""How each language names other files, and what belongs to the language itself."""
