"""The three families of search tasks, asked together and compared with an earlier run."""
