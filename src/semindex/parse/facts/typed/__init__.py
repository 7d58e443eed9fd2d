"""The facts of languages that declare their types: one table a language, and one walker for all."""
