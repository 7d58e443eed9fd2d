"""The settings of coding agents' clients: where they are, and how an entry is put in and taken out again."""
