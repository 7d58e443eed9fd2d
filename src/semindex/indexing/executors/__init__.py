"""Where the work of a build is run: in this process or in several; same task, same results."""
