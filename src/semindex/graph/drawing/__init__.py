"""The graph of a repository as a document: for programs, and as a picture."""
