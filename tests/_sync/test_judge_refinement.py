# Generated from tests/_async/test_judge_refinement.py by scripts/generate_sync.py. Do not edit.
"""Refinements as events: how they are read, and how they end."""

from __future__ import annotations

import copy
import gc
import json
from typing import Any

import pytest

from root import APIConnectionError, APIResponseError, BadRequestError, RootSignals

from ..scripted_server import ScriptedServer, Step, responds, sends

ID = "9b2f"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST: dict[str, Any] = {"original_response": "a", "original_evaluator_results": []}
LAST: dict[str, Any] = {
    **FIRST,
    "improved_response": "b",
    "evaluator_results": [],
    "execution_log_id": "1",
}
EVENTS = b"".join(b"data: %s\n\n" % json.dumps(one).encode() for one in (FIRST, LAST))


def chunked(data: bytes, size: int = 7, *, is_complete: bool = True) -> Step:
    """Send a body in small chunks, with or without its end."""
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return sends(HEAD + body + (b"0\r\n\r\n" if is_complete else b""), then_close=False)


def connected(server: ScriptedServer) -> RootSignals:
    """A client with one connection."""
    return RootSignals(
        "key-of-the-tests", base_url=server.url, max_connections=1, max_retries=0, deadline=10
    )


@pytest.mark.parametrize(
    "body",
    [
        EVENTS,
        EVENTS.replace(b"\n", b"\r\n"),
        EVENTS.removesuffix(b"\n\n"),
        b": hello\n\nevent: original\nid: 1\n" + EVENTS + b"data: [DONE]\n\ndata: no JSON\n\n",
        b"\xef\xbb\xbf" + EVENTS.replace(b'", "', b'",\ndata: "'),
    ],
)
def test_events(body: bytes) -> None:
    """The events are parsed as they arrive, in any pieces, and the connection is used again."""
    with ScriptedServer([chunked(body)]) as server:
        with connected(server) as client:
            for _ in range(2):
                events = client.judges.refine(ID, response="a", stream=True)
                read = [event for event in events]
                assert [event.to_dict() for event in read] == [FIRST, LAST]
                assert read[-1].improved_response == "b"
                assert events.meta.status_code == 200
                assert [event for event in events] == []
    assert b'{"response":"a","stream":true}' in server.requests[0]


def test_abandoned() -> None:
    """A refinement that is left, closed or dropped gives its connection back."""
    with ScriptedServer([chunked(EVENTS, is_complete=False)]) as server:
        with connected(server) as client:
            with client.judges.refine(ID, response="a", stream=True) as events:
                for event in events:
                    assert event.original_response == "a"
                    break
            closed = client.judges.refine(ID, response="a", stream=True)
            closed.close()
            assert [event for event in closed] == []
            dropped = client.judges.refine(ID, response="a", stream=True)
            assert (next(dropped)).improved_response is None
            del dropped
            gc.collect()
            # There is one connection at a time.
            client.judges.refine(ID, response="a", stream=True)
    assert server.connections == 4


def test_lost_connection() -> None:
    """A refinement that is cut off is an error, after the events that arrived."""
    head = HEAD + b"%x\r\n%s\r\n" % (len(EVENTS), EVENTS)
    with ScriptedServer([sends(head)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            assert (next(events)).to_dict() == FIRST
            assert (next(events)).to_dict() == LAST
            with pytest.raises(APIConnectionError, match="charged for it"):
                next(events)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"data: no JSON\n\n", "not a result .*: 'no JSON'"),
        (b"data: [1]\n\n", "not a result"),
        (b'data: {"evaluator_results": [{"score": NaN}]}\n\n', "not a result"),
        (b'event: error\ndata: {"detail": "overloaded"}\n\n', "failed .*overloaded"),
        (b'data: {"detail": "overloaded"}\n\n', "not a result .*overloaded"),
    ],
)
def test_unusable_events(body: bytes, message: str) -> None:
    """An event that is not a result is an error, ends the refinement and frees its connection."""
    with ScriptedServer([chunked(body + EVENTS, is_complete=False)]) as server:
        with connected(server) as client:
            for _ in range(2):
                events = client.judges.refine(ID, response="a", stream=True)
                with pytest.raises(APIResponseError, match=message):
                    next(events)
                assert [event for event in events] == []


@pytest.mark.parametrize(
    "body", [b"", b": hello\n\n", b"data: [DONE]\n\n", b"<html>Sign in</html>", b"null"]
)
def test_no_events(body: bytes) -> None:
    """A body without events is an error, not a refinement that has ended well."""
    with ScriptedServer([chunked(body)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            with pytest.raises(APIResponseError, match="has no events"):
                next(events)
            assert [event for event in events] == []


def test_no_improved_response() -> None:
    """A refinement that ends without the improved response is an error, as a stream and whole."""
    first = EVENTS.partition(b"\n\n")[0] + b"\n\n"
    with ScriptedServer([chunked(first)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            assert (next(events)).to_dict() == FIRST
            with pytest.raises(APIResponseError, match="ends before the improved response"):
                next(events)
    with ScriptedServer([responds(200, FIRST)]) as server:
        with connected(server) as client:
            with pytest.raises(APIResponseError, match="shape of a refinement"):
                client.judges.refine(ID, response="a")


def test_context_of_errors() -> None:
    """The error of an event contains what is known of the call, and no secrets."""
    body = b'event: error\ndata: {"detail": "key-of-the-tests is overloaded"}\n\n'
    with ScriptedServer([chunked(body)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            with pytest.raises(APIResponseError, match="charged for it") as caught:
                next(events)
    error = caught.value
    assert error.may_have_been_processed
    assert error.status_code == 200
    assert error.request is not None
    assert error.request.method == "POST"
    assert [attempt.status for attempt in error.attempts] == [200]
    assert "key-of-the-tests" not in f"{error} {error.data}"
    assert "overloaded" in f"{error}"


def test_servers_that_do_not_stream() -> None:
    """The result alone, as older servers send it, is the only event."""
    with ScriptedServer([responds(200, LAST)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            assert [event.to_dict() for event in events] == [LAST]


def test_refused() -> None:
    """An error of the service is raised by the call."""
    with ScriptedServer([responds(400, {"response": ["Too long."]})]) as server:
        with connected(server) as client:
            with pytest.raises(BadRequestError, match="Too long"):
                client.judges.refine(ID, response="a", stream=True)


def test_no_copy() -> None:
    """A refinement that is read while it arrives cannot be copied."""
    with ScriptedServer([chunked(EVENTS)]) as server:
        with connected(server) as client:
            events = client.judges.refine(ID, response="a", stream=True)
            with pytest.raises(TypeError, match="holds a connection"):
                copy.copy(events)
            assert "200" in repr(events)
            events.close()
