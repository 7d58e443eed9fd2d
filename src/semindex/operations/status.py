"""The state of an index."""

from typing import Annotated

from semindex.operations.base import Operation, Request, option
from semindex.types import Status


class StatusRequest(Request, frozen=True, kw_only=True):
    """The state of the index: what it holds, how fresh it is, and how whole."""

    verify: Annotated[bool, option("Check every block of every file of the index.")] = False


OPERATION = Operation("status", "status", StatusRequest, Status)
