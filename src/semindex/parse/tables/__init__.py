"""What is a definition in each language's syntax tree."""
