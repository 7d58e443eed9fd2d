"""Opens the standard streams that a process was started without.

A shell closes them with ``>&-`` or ``2>&-``, and a service or a windowed program may have none. The next file
that is opened then gets the number of the missing stream, and a message could end up in the index.
"""

import os
import sys

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""In the order of their descriptors."""


def open_missing_streams() -> None:
    """Put the null device in the place of each standard stream that is missing; call it before all else."""
    for descriptor in range(len(_MODES)):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free is this one, as those below are taken.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # as Python does, so that whoever replaces it closes nothing
