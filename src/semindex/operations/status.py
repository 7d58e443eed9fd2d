"""The state of an index."""

from typing import Annotated

from semindex.operations.base import Operation, Request, option
from semindex.types import SkipReason, Status


class StatusRequest(Request, frozen=True, kw_only=True):
    """The state of the index: what it holds, how fresh it is, and how whole."""

    skipped: Annotated[
        str,
        option(
            "List the files that are not indexed, with reason and size: all, or those left out for a reason.",
            choices=("none", "all", *(reason.value for reason in SkipReason)),
            bare="all",
            metavar="[REASON]",
        ),
    ] = "none"
    verify: Annotated[bool, option("Check every block of every file of the index.")] = False


OPERATION = Operation("status", "status", StatusRequest, Status)
