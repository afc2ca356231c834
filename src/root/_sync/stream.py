# Generated from src/root/_async/stream.py by scripts/generate_sync.py. Do not edit.
"""Responses that are read while they arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Protocol, Self, cast

from .._concurrency.loops import call_in_loop, checkpoint
from .._concurrency.waiting import monotonic
from .._concurrency.workers import in_background
from .._http.exceptions import UnusableResponseError
from .._http.messages import RawResponse

if TYPE_CHECKING:
    from types import TracebackType

    from .._http.failures import Failure
    from .._schemas.meta import ResponseMeta
    from ..errors import RootSignalsError

__all__ = [
    "MAX_CHUNKS",
    "Chunks",
    "Release",
    "Stream",
    "release_nothing",
    "unusable_piece",
]

MAX_CHUNKS = 256
"""Maximum number of pieces of a body after which other tasks run, however fast it arrives."""


class Release(Protocol):
    """Releases what an exchange holds, at the end of its body."""

    def __call__(self, *, is_complete: bool) -> None:
        """Release it.

        Args:
            is_complete: Whether the body was read to its end.
        """


def release_nothing(*, is_complete: bool) -> None:
    """Do nothing: the exchange holds nothing."""


class Chunks(Iterator[bytes]):
    """The body of a response in pieces, with the connection that it arrives on.

    The connection is released at the end, and dropped when reading fails, is cancelled or is
    abandoned.
    """

    def __init__(
        self,
        chunks: object,
        release: Release,
        loop: object,
        close: Callable[[], object],
        deadline: float | None = None,
    ) -> None:
        """Initialize a body with its connection.

        Args:
            chunks: The pieces.
            release: Releases the connection.
            loop: The event loop to which it belongs.
            close: Closes the response.
            deadline: When the body must end, on the clock of `monotonic`.
        """
        self._chunks = cast("Iterator[bytes]", chunks)
        self._release = release
        self._loop = loop
        self._close = close
        self._deadline = deadline
        self._count = 0
        self._is_released = False
        self._is_complete = False
        self._is_reading = False
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_released:
            # A body whose reading failed or was cancelled does not look as if it had ended there.
            self._is_closed = not self._is_complete
            raise StopIteration
        self._is_reading = True
        self._count += 1
        try:
            if not self._count % MAX_CHUNKS:
                checkpoint()
            for chunk in self._chunks:
                if self._is_released:
                    break
                self._check_deadline()
                return chunk
            # Its connection can be used again only after that.
            self._close()
        except BaseException:
            if self._is_released:
                # It was closed meanwhile, and nobody else closes the response.
                in_background(self._loop, self._close)
            self.drop()
            raise
        finally:
            self._is_reading = False
        if not self._is_released:
            self._finish(is_complete=True)
        raise StopIteration

    @property
    def is_released(self) -> bool:
        """Whether its connection is released, after its end or because it was dropped."""
        return self._is_released

    @property
    def is_closed(self) -> bool:
        """Whether it was closed before its end, or is read again after that failed."""
        return self._is_closed

    def _check_deadline(self) -> None:
        if self._deadline is not None and monotonic() > self._deadline:
            # Imported late, since it takes long; where a body arrives, it was imported before.
            import httpcore

            raise httpcore.ReadTimeout("The deadline of the call has passed.")

    def close(self) -> None:
        """Drop the connection, unless it was released, and close the response.

        Where another task or thread is reading, that one closes the response.
        """
        if not self._is_released:
            self._is_closed = True
            self._finish(is_complete=False)
            if not self._is_reading:
                self._close()

    def drop(self) -> None:
        """Drop the connection without waiting for anything, unless it was released."""
        if not self._is_released:
            self._is_released = True
            call_in_loop(self._loop, partial(self._release, is_complete=False))
            in_background(self._loop, self._close)

    def _finish(self, *, is_complete: bool) -> None:
        self._is_released = True
        self._is_complete = is_complete
        self._release(is_complete=is_complete)

    def __del__(self) -> None:
        self.drop()


class Stream(Iterator[bytes]):
    """A response body in pieces, as they arrive.

    It holds a connection until it has been read to its end, or is closed. So close it, or use it
    in a `with` block; one that is merely dropped drops its connection too. Reading a stream
    that was closed before its end, or whose client was closed, raises `APIConnectionError`, and so
    does reading on after an error or after a read that was cancelled.

    The client's `timeout` limits each wait for the next piece.

    Attributes:
        meta: Status, headers, request ID, attempts, and the seconds until the body began.
    """

    def __init__(
        self,
        chunks: Chunks,
        meta: ResponseMeta,
        explain: Callable[[Exception, ResponseMeta], Failure | None],
    ) -> None:
        """Initialize a stream.

        Args:
            chunks: The pieces.
            meta: The metadata of the response.
            explain: Returns the failure for an exception, if it is one of the connection or follows
                from a close.
        """
        self._chunks = chunks
        self._explain = explain
        self.meta = meta

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next piece.

        Raises:
            APIConnectionError: The connection was lost, or the stream or its client was closed;
                `APITimeoutError` if nothing arrived in time.
        """
        try:
            return next(self._chunks)
        except StopIteration:
            if not self._chunks.is_closed:
                raise
            failure = self._explain(_closed(), self.meta)
            assert failure is not None
        except Exception as exc:
            failure = self._explain(exc, self.meta)
            if failure is None:
                raise
        # Outside of `except`, which would make the exception the error's context.
        raise failure.error from failure.source

    def lines(self) -> Iterator[str]:
        """Yield the lines of the rest of the body, decoded as UTF-8 and without their ends."""
        return _Lines(self)

    def close(self) -> None:
        """Close the response. Its connection is dropped, unless the body was read to its end."""
        self._chunks.close()

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
            "A stream holds a connection, so it cannot be copied or pickled. Read it first."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.meta.status_code}>"


class _Lines(Iterator[str]):
    """The lines of a stream.

    This is not a generator, which would end after a read that failed or was cancelled.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = bytearray()
        self._lines: deque[bytes] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._lines:
            piece = next(self._stream, None)
            if piece is None:
                if not self._rest:
                    raise StopIteration
                self._lines.append(bytes(self._rest))
                self._rest.clear()
            else:
                searched = len(self._rest)
                self._rest += piece
                end = self._rest.rfind(b"\n", searched)
                if end >= 0:
                    self._lines += bytes(self._rest[:end]).split(b"\n")
                    del self._rest[: end + 1]
        return self._lines.popleft().removesuffix(b"\r").decode("utf-8", "replace")


def _closed() -> Exception:
    # Imported late, since it takes long; where a body arrives, it was imported before.
    import httpcore

    return httpcore.ReadError("The stream was closed.")


def unusable_piece(stream: Stream, content: str, problem: str) -> RootSignalsError:
    """Return the error for a part of a body that is not what the API promises.

    Args:
        stream: The body.
        content: The part.
        problem: What is wrong with it; completes 'but the response ...'.
    """
    meta = stream.meta
    headers = meta._headers  # pyright: ignore[reportPrivateUsage]
    response = RawResponse(meta.status_code, headers, content.encode("utf-8", "replace"))
    failure = stream._explain(UnusableResponseError(response, problem), meta)  # pyright: ignore[reportPrivateUsage]
    assert failure is not None
    return failure.error
