"""``python -m semindex``: the command line."""

import sys

from semindex.present.cli import main

if __name__ == "__main__":
    sys.exit(main())
