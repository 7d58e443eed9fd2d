"""``python -m semindex``: the command line."""

import sys

from semindex.client import main

if __name__ == "__main__":
    sys.exit(main())
