# Generated from src/root/_async/resources/judges/refinement.py by scripts/generate_sync.py. Do not edit.
"""The events of a refinement, which are read while they arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn, Self

from pydantic import ValidationError

from ...._concurrency.kinds import Iteration
from ...._http.events import Event, EventParser, WholeBody
from ...._schemas.base import set_meta
from ...._schemas.judges import JudgeRectifierEvent
from ...._schemas.meta import find_header
from ...stream import Stream, unusable_piece

if TYPE_CHECKING:
    from types import TracebackType

    from ...._schemas.meta import ResponseMeta
    from ....errors import RootSignalsError

__all__ = ["Refinement"]

# As OpenAI ends its streams.
_END = "[DONE]"


class Refinement(Iteration, Iterator[JudgeRectifierEvent]):
    """The events of a refinement, as they arrive.

    The first one has the results of the original response, the last one the improved response with
    its results.

    It holds a connection until it has been read to its end, or is closed. So close it, or use it
    in a `with` block; one that is merely dropped drops its connection too.

    Attributes:
        meta: Status, headers, request ID, attempts, and the seconds until the first event.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        # Older servers do not stream: they send the result alone.
        headers = stream.meta._headers  # pyright: ignore[reportPrivateUsage]
        is_json = "json" in (find_header(headers, b"content-type") or "")
        self._parser: EventParser | WholeBody = WholeBody() if is_json else EventParser()
        self._events: deque[Event] = deque()
        self._is_empty = True
        self._has_result = False
        self._is_closed = False
        self.meta: ResponseMeta = stream.meta

    def __iter__(self) -> Iterator[JudgeRectifierEvent]:
        return self

    def __next__(self) -> JudgeRectifierEvent:
        """Return the next event.

        Raises:
            APIConnectionError: The connection was lost; `APITimeoutError` if nothing arrived in
                time.
            APIResponseError: The refinement failed, an event is not JSON, or there is no event with
                the improved response.
        """
        while not self._events:
            if self._is_closed:
                raise StopIteration
            piece = next(self._stream, None)
            if self._is_closed:
                # What the parser has of the next event is not complete.
                raise StopIteration
            self._events += self._parser.end() if piece is None else self._parser.feed(piece)
            if self._parser.is_too_large:
                raise self._unusable("", "has an event of more than 4 MiB")
            if piece is None and not self._events:
                self._check_end()
                raise StopIteration
        event = self._events.popleft()
        if event.data == _END:
            self._check_end()
            self.close()
            raise StopIteration
        if event.name == "error":
            raise self._unusable(event.data, "reports that the refinement failed")
        try:
            result = JudgeRectifierEvent.model_validate_json(event.data)
        except ValidationError:
            # pydantic's own text contains the input.
            result = None
        if result is None or not result.model_fields_set & JudgeRectifierEvent.model_fields.keys():
            raise self._unusable(event.data, "has an event that is not a result")
        self._is_empty = False
        self._has_result = result.improved_response is not None
        return set_meta(result, self.meta)

    def _check_end(self) -> None:
        if not self._has_result:
            problem = "has no events" if self._is_empty else "ends before the improved response"
            raise self._unusable("", problem)

    def _unusable(self, content: str, problem: str) -> RootSignalsError:
        self.close()
        return unusable_piece(self._stream, content, problem)

    def close(self) -> None:
        """Close the response. Its connection is dropped, unless it was read to its end."""
        self._is_closed = True
        self._events.clear()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A refinement holds a connection, so it cannot be copied or pickled. Read it first."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.meta.status_code}>"
