"""Other search engines asked the same things in the same run."""
