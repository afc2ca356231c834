"""The outcomes of calls under faults, and rows of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from root import APIResponseError, APITimeoutError, RootSignalsError

from .calls import CALLS, STREAMED, WITHOUT_BODY


@dataclass(frozen=True)
class Cell:
    """The outcome of one call under one fault that lasts, with one retry allowed.

    Attributes:
        error: The class of the error, or None for the result.
        attempts: Number of attempts.
        arrived: Number of requests that arrived at the service.
        is_ambiguous: Whether the error reports that the service may have processed the request.
    """

    error: type[RootSignalsError] | None
    attempts: int = 1
    arrived: int = 1
    is_ambiguous: bool = False

    def __str__(self) -> str:
        if self.error is None:
            return "the result"
        parts = [f"`{self.error.__name__}`"]
        parts += ["retried"] if self.attempts > 1 else []
        parts += ["**may have been processed**"] if self.is_ambiguous else []
        return ", ".join(parts)


Cells = dict[str, Cell]
READS = ("retrieve", "list", "download")
IDEMPOTENT = (*READS, "replace", "delete", "set_tags", "harmless_post", "upload")
SENT_ONCE = ("upload_once",)


def all_of(cell: Cell, **others: Cell) -> Cells:
    """Return a row with the same outcome for all calls but some."""
    return dict.fromkeys(CALLS, cell) | others


def not_sent(error: type[RootSignalsError], attempts: int = 2) -> Cells:
    """Return the row of a fault that lets no request through."""
    return all_of(Cell(error, attempts, 0))


def stuck(error: type[RootSignalsError]) -> Cells:
    """Return the row of a fault in the middle of a request, before its body."""
    row = {call: replace(cell, arrived=0) for call, cell in ambiguous(error).items()}
    # Nothing was read of the file.
    return row | {"upload_once": row["upload"]}


def refused(error: type[RootSignalsError]) -> Cells:
    """Return the row of a response that reports that nothing was done."""
    return all_of(Cell(error, 2, 2), **dict.fromkeys(SENT_ONCE, Cell(error)))


def ambiguous(error: type[RootSignalsError], **others: Cell) -> Cells:
    """Return the row of a fault that leaves open what was done."""
    row = {
        call: Cell(error, *((2, 2) if call in IDEMPOTENT else (1, 1)), call not in READS)
        for call in CALLS
    }
    return row | others


def streamed(download: Cell, post: Cell | None = None, refine: Cell | None = None) -> Cells:
    """Return the cells of streamed responses, which differ where the body is concerned."""
    is_ambiguous = download.error is not None
    post = post or replace(download, is_ambiguous=is_ambiguous)
    return {"download": download, "streamed_post": post, "refine": refine or post}


def in_body(stream: type[RootSignalsError]) -> Cells:
    """Return the row of a fault within the body of the response.

    Args:
        stream: The error of a streamed response, which has begun by then, so it is not retried.
    """
    error = APITimeoutError if stream is APITimeoutError else APIResponseError
    return ambiguous(error) | streamed(Cell(stream))


def unusable(**others: Cell) -> Cells:
    """Return the row of a response that would be the same again."""
    row = {call: Cell(APIResponseError, is_ambiguous=call not in READS) for call in CALLS}
    return row | streamed(RESULT, refine=row["refine"]) | others


def unreadable(**others: Cell) -> Cells:
    """Return the row of a body that cannot be read, which a stream leaves to its user."""
    row = ambiguous(APIResponseError)
    return row | streamed(RESULT, refine=row["refine"]) | others


RESULT = Cell(None)

IGNORED = dict.fromkeys(WITHOUT_BODY, RESULT)
"""The cells of the calls that ignore the body of the response."""

NO_EVENTS = {"refine": Cell(APIResponseError, is_ambiguous=True)}
"""The cell of a body that the calls can read, but that has no events."""

COMPRESSED = {call: ambiguous(APIResponseError)[call] for call in STREAMED}
"""The cells of streams that are compressed, which their requests do not accept."""
