"""The events of a refinement, which are read while they arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NoReturn, Self

from pydantic import ValidationError

from ...._http.events import Event, EventParser
from ...._schemas.base import set_meta
from ...._schemas.judges import JudgeRectifierResponse
from ....errors import APIResponseError
from ...stream import AsyncStream

if TYPE_CHECKING:
    from types import TracebackType

    from ...._schemas.meta import ResponseMeta

__all__ = ["AsyncRefinement"]

# As OpenAI ends its streams.
_END = "[DONE]"


class AsyncRefinement(AsyncIterator[JudgeRectifierResponse]):
    """The events of a refinement, as they arrive.

    The first one has the results of the original response, the last one the improved response with
    its results.

    It holds a connection until it has been read to its end, or is closed. So close it, or use it
    in an `async with` block; one that is merely dropped drops its connection too.

    Attributes:
        meta: Status, headers, request ID, attempts, and the seconds until the first event.
    """

    def __init__(self, stream: AsyncStream) -> None:
        self._stream = stream
        self._parser = EventParser()
        self._events: deque[Event] = deque()
        self.meta: ResponseMeta = stream.meta

    def __aiter__(self) -> AsyncIterator[JudgeRectifierResponse]:
        return self

    async def __anext__(self) -> JudgeRectifierResponse:
        """Return the next event.

        Raises:
            APIConnectionError: The connection was lost; `APITimeoutError` if nothing arrived in
                time.
            APIResponseError: The refinement failed, or an event is not JSON.
        """
        while not self._events:
            piece = await anext(self._stream, None)
            self._events += self._parser.end() if piece is None else self._parser.feed(piece)
            if piece is None and not self._events:
                raise StopAsyncIteration
        event = self._events.popleft()
        if event.data == _END:
            self._events.clear()
            await self.aclose()
            raise StopAsyncIteration
        try:
            return self._parse(event)
        except APIResponseError:
            await self.aclose()
            raise

    def _parse(self, event: Event) -> JudgeRectifierResponse:
        if event.name == "error":
            raise APIResponseError(f"The refinement failed: {event.data[:1000]}")
        try:
            result = JudgeRectifierResponse.model_validate_json(event.data)
        except ValidationError:
            problem = f"An event of the refinement is not a JSON object: {event.data[:200]!r}."
        else:
            return set_meta(result, self.meta)
        raise APIResponseError(problem)

    async def aclose(self) -> None:
        """Close the response. Its connection is dropped, unless it was read to its end."""
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A refinement holds a connection, so it cannot be copied or pickled. Read it first."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.meta.status_code}>"
