"""Processes that find compiled modules, as those of an installed package do."""

from __future__ import annotations

import os
from pathlib import Path


def compiled(folder: Path) -> dict[str, str]:
    """This environment, with bytecode kept in ``folder``, which is best warmed by a run that is not timed.

    Where ``PYTHONDONTWRITEBYTECODE`` is set, every start of a checkout compiles all of it (0.15 s); pip
    compiles what it installs.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}
