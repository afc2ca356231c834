# Generated from tests/_async/test_uploads.py by scripts/generate_sync.py. Do not edit.
"""Request bodies: files that are read while they are sent, forms, and what happens on retries."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import httpx
import pytest

from root import APITimeoutError, InvalidRequestError, RootSignals, ServerError
from root._http.operation import Operation
from root._schemas.files import FilePart
from root._schemas.requests import Body, bytes_body, file_body, multipart_body

from ..faults.scenes import body_of
from ..scripted_server import ScriptedServer, responds

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEY = "key-of-the-tests"
MODEL = {"id": "9b2f", "name": "a"}
# More than one piece of a file.
CONTENT = bytes(range(256)) * 2500

over_both = pytest.mark.parametrize("over_httpx", [False, True], ids=["own pool", "own client"])


class Pipe(io.RawIOBase):
    """A file that can be read once, and may fail."""

    def __init__(self, content: bytes, error: Exception | None = None) -> None:
        self._content = io.BytesIO(content)
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        size = self._content.readinto(buffer)
        if not size and self._error is not None:
            raise self._error
        return size


def pipe(content: bytes, error: Exception | None = None) -> BinaryIO:
    return cast("BinaryIO", Pipe(content, error))


def put(body: Body, *, once: bool = False) -> Operation[object]:
    """Return the operation of an upload, which is idempotent."""
    return Operation("PUT", "/v1/files/a/", object, body=body, once=once)


@asynccontextmanager
async def connected(
    url: str, *, over_httpx: bool = False, max_retries: int = 0
) -> AsyncIterator[RootSignals]:
    """A client with one connection."""
    own = httpx.AsyncClient() if over_httpx else None
    client = RootSignals(
        KEY, base_url=url, max_retries=max_retries, max_connections=1, async_http_client=own
    )
    async with client:
        yield client
    if own is not None:
        await own.aclose()


@contextmanager
def blocking_file() -> Iterator[BinaryIO]:
    """The end of a pipe into which nothing is written."""
    unread, unwritten = os.pipe()
    with open(unread, "rb") as file:
        try:
            yield file
        finally:
            # Ends the read in the background, which closing the file would wait for.
            os.close(unwritten)


def head_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[0].lower()


def rewrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(CONTENT)
    return path


@over_both
async def test_bytes(over_httpx: bool) -> None:
    """Bytes are sent as they are, with their length and media type."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connected(server.url, over_httpx=over_httpx) as client:
            await client.asend(put(bytes_body(CONTENT, "application/x-yaml")))
    assert body_of(server.requests[0]) == CONTENT
    assert b"\r\ncontent-length: 640000" in head_of(server.requests[0])
    assert b"\r\ncontent-type: application/x-yaml" in head_of(server.requests[0])


@over_both
async def test_a_path(path: Path, over_httpx: bool) -> None:
    """A file is sent with its length, without being read into memory first."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connected(server.url, over_httpx=over_httpx) as client:
            await client.asend(put(file_body(path, "text/csv")))
            await client.models.alist(limit=0).to_dicts()
    assert body_of(server.requests[0]) == CONTENT
    assert b"\r\ncontent-length: 640000" in head_of(server.requests[0])
    assert b"transfer-encoding" not in head_of(server.requests[0])


@over_both
async def test_a_file_object(path: Path, over_httpx: bool) -> None:
    """A file object is read from its position, and stays open."""
    with ScriptedServer([responds(200, {})]) as server, path.open("rb") as file:
        file.seek(1000)
        async with connected(server.url, over_httpx=over_httpx) as client:
            await client.asend(put(file_body(file, "text/csv")))
        assert not file.closed
    assert body_of(server.requests[0]) == CONTENT[1000:]


@over_both
async def test_a_file_that_cannot_seek(over_httpx: bool) -> None:
    """A file of unknown length is sent in chunks, and the connection is used again."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connected(server.url, over_httpx=over_httpx) as client:
            await client.asend(put(file_body(pipe(CONTENT), "text/csv")))
            await client.models.aretrieve("a")
    assert body_of(server.requests[0]) == CONTENT
    assert b"\r\ntransfer-encoding: chunked" in head_of(server.requests[0])
    assert b"content-length" not in head_of(server.requests[0])
    assert server.connections == 1


async def test_an_empty_file() -> None:
    """An empty file is an empty body."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connected(server.url) as client:
            await client.asend(put(file_body(io.BytesIO(), "text/csv")))
            await client.asend(put(file_body(pipe(b""), "text/csv")))
    assert [body_of(request) for request in server.requests] == [b"", b""]


@over_both
async def test_a_form(path: Path, over_httpx: bool) -> None:
    """A form has its fields and files."""
    body = multipart_body(
        {"name": "ä", "many": 'a"b'},
        {
            "file": ('d"ata.csv', FilePart(path), "text/csv"),
            "notes": ("notes.txt", b"\r\n--x", "text/plain"),
        },
    )
    with ScriptedServer([responds(200, {})]) as server:
        async with connected(server.url, over_httpx=over_httpx) as client:
            await client.asend(Operation("POST", "/v1/files/", object, body=body))
    content = body_of(server.requests[0])
    headers = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    form = message_from_bytes(headers + content, policy=policy.HTTP)
    parts = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in form.iter_parts()
    ]
    assert parts == [
        ("name", None, "text/plain", "ä".encode()),
        ("many", None, "text/plain", b'a"b'),
        ("file", "d%22ata.csv", "text/csv", CONTENT),
        ("notes", "notes.txt", "text/plain", b"\r\n--x"),
    ]
    assert b"\r\ncontent-length: %d" % len(content) in head_of(server.requests[0])


# Files that cannot be sent


@over_both
async def test_a_file_that_grows(path: Path, over_httpx: bool) -> None:
    """Of a file that grows, such as a log, as much is sent as it had when it was given."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connected(server.url, over_httpx=over_httpx) as client:
            operation = put(file_body(path, "text/csv"))
            rewrite(path, CONTENT * 2)
            await client.asend(operation)
    assert body_of(server.requests[0]) == CONTENT


@over_both
@pytest.mark.parametrize("limit", ["timeout", "deadline"])
async def test_a_file_that_blocks(limit: str, over_httpx: bool) -> None:
    """The limits of a call apply to the reading of its files too."""
    with ScriptedServer([responds(200, MODEL)]) as server, blocking_file() as file:
        async with connected(server.url, over_httpx=over_httpx) as client:
            operation = replace(
                put(file_body(file, "text/csv")),
                timeout=0.3 if limit == "timeout" else 60,
                deadline=0.3 if limit == "deadline" else 60,
            )
            with pytest.raises(APITimeoutError, match=limit):
                await client.asend(operation)
            await client.models.aretrieve("a")


@over_both
async def test_a_file_that_becomes_shorter(path: Path, over_httpx: bool) -> None:
    """A file that becomes shorter before it is sent is an error, and its connection is closed."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connected(server.url, over_httpx=over_httpx, max_retries=2) as client:
            operation = put(file_body(path, "text/csv"))
            rewrite(path, b"x" * 1000)
            with pytest.raises(InvalidRequestError, match="shorter than its 640000 bytes"):
                await client.asend(operation)
            await client.models.aretrieve("a")
    assert [request[:4] for request in server.requests] == [b"GET "]
    assert server.connections == 2


@over_both
@pytest.mark.parametrize(
    ("error", "problem"),
    [(OSError(5, "Input/output error"), "Input/output error"), (ValueError(), "ValueError")],
    ids=["OSError", "ValueError"],
)
async def test_a_file_that_fails(error: Exception, problem: str, over_httpx: bool) -> None:
    """A file that cannot be read to its end is an error, and its connection is closed."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connected(server.url, over_httpx=over_httpx, max_retries=2) as client:
            body = file_body(pipe(b"x" * 100_000, error), "text/csv")
            with pytest.raises(InvalidRequestError, match=problem) as caught:
                await client.asend(put(body))
            await client.models.aretrieve("a")
    assert [request[:4] for request in server.requests] == [b"GET "]
    assert server.connections == 2
    assert len(caught.value.attempts) == 1
    assert caught.value.__cause__ is error
    assert not caught.value.may_have_been_processed


async def test_a_file_that_is_gone(path: Path) -> None:
    """A file that does not exist is refused before anything is sent, then or later."""
    with pytest.raises(InvalidRequestError, match="No such file"):
        file_body(path.with_name("other.csv"), "text/csv")
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connected(server.url) as client:
            operation = put(file_body(path, "text/csv"))
            remove(path)
            with pytest.raises(InvalidRequestError, match="No such file"):
                await client.asend(operation)
    assert not server.requests


@pytest.mark.parametrize("source", [io.StringIO("a"), 5, None], ids=["text", "number", "none"])
async def test_no_binary_file(source: object) -> None:
    """Only a path or a binary file object is accepted as a file."""
    with pytest.raises(InvalidRequestError, match="binary"):
        file_body(cast("BinaryIO", source), "text/csv")


async def test_a_text_file(path: Path) -> None:
    """A file that was opened as text is refused."""
    with (
        path.open(encoding="latin-1") as file,
        pytest.raises(InvalidRequestError, match="mode 'rb'"),
    ):
        file_body(cast("BinaryIO", file), "text/csv")


# Retries


@over_both
@pytest.mark.parametrize("kind", ["path", "file object", "form", "bytes"])
async def test_a_retry(path: Path, kind: str, over_httpx: bool, waits: list[float]) -> None:
    """A retry reads the file again from its beginning."""
    with (
        ScriptedServer([responds(503), responds(429), responds(200, {})]) as server,
        path.open("rb") as file,
    ):
        file.seek(7)
        body = {
            "path": file_body(path, "text/csv"),
            "file object": file_body(file, "text/csv"),
            "form": multipart_body({}, {"file": ("a", FilePart(path), "text/csv")}),
            "bytes": bytes_body(CONTENT, "text/csv"),
        }[kind]
        async with connected(server.url, over_httpx=over_httpx, max_retries=2) as client:
            await client.asend(put(body))
    first, *others = map(body_of, server.requests)
    assert len(first) >= len(CONTENT) - 7
    assert others == [first, first]
    assert len(waits) == 2


@over_both
async def test_a_file_that_was_read(over_httpx: bool, waits: list[float]) -> None:
    """A file that cannot be read again is not sent again."""
    with ScriptedServer([responds(503, None, Retry_After="1")]) as server:
        async with connected(server.url, over_httpx=over_httpx, max_retries=2) as client:
            with pytest.raises(ServerError, match="cannot be read a second time") as error:
                await client.asend(put(file_body(pipe(CONTENT), "text/csv")))
    assert len(server.requests) == 1
    assert len(error.value.attempts) == 1
    assert not waits


async def test_a_file_that_was_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read again is sent if nothing was read of it before."""
    with ScriptedServer([]) as gone:
        port = gone.port
    restarted: list[ScriptedServer] = []

    async def restart(_: float) -> None:
        restarted.append(ScriptedServer([responds(200, {})], port=port).__enter__())

    monkeypatch.setattr("root._async.transport.async_sleep", restart)
    async with connected(gone.url, max_retries=1) as client:
        await client.asend(put(file_body(pipe(CONTENT), "text/csv")))
    with restarted[0] as server:
        assert [body_of(request) for request in server.requests] == [CONTENT]


async def test_a_file_that_is_gone_on_a_retry(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was removed between two attempts is an error with both of them."""

    async def remove_meanwhile(_: float) -> None:
        remove(path)

    monkeypatch.setattr("root._async.transport.async_sleep", remove_meanwhile)
    with ScriptedServer([responds(500)]) as server:
        async with connected(server.url, max_retries=2) as client:
            with pytest.raises(InvalidRequestError, match="No such file") as error:
                await client.asend(put(file_body(path, "text/csv")))
    assert [attempt.status for attempt in error.value.attempts] == [500, None]
    assert error.value.may_have_been_processed
