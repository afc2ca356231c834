"""Random responses: each is a result or an error of this package."""

from __future__ import annotations

import copy
import io
import json
import math
import pickle
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from root import RootSignals, RootSignalsError
from root.evaluators import EvaluatorExecutionResult
from root.models import Model
from tests.blocking_facade import KINDS, BlockingFacade
from tests.scripted_server import ScriptedServer

Fields = dict[str, Any]
Served = tuple[RootSignals | BlockingFacade, list[bytes]]


MODEL: Fields = {
    "id": "9b2f",
    "name": "a",
    "model": "b",
    "max_output_token_count": 2048,
    "max_token_count": None,
    "url": "http://a",
    "owner": {"email": "a@b", "full_name": "A"},
    "provider": {"id": "1", "name": "p", "is_gdpr_compliant": True},
    "visibility": "PUBLIC",
}


PAGE: Fields = {"next": None, "previous": None, "results": [MODEL, MODEL]}


VERIFICATION: Fields = {"success": True, "model": "a", "response": "b", "usage": {"tokens": 1}}


EXECUTION: Fields = {
    "evaluator_name": "a",
    "score": 0.5,
    "cost": None,
    "justification": "b",
    "execution_log_id": "9b2f",
}


REFINEMENT: Fields = {
    "original_response": "a",
    "original_evaluator_results": [EXECUTION],
    "improved_response": "b",
    "evaluator_results": [EXECUTION],
}


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text()
    | st.sampled_from(["", "http://[", "?cursor=a", "http://127.0.0.1:99999/?cursor=a", "a\nb"])
)


values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """A valid response with random values in random places."""
    valid = [MODEL, PAGE, VERIFICATION, EXECUTION, REFINEMENT]
    whole: Any = copy.deepcopy(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, 3))):
        place = whole
        while True:
            keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(values)
            break
    text = json.dumps(whole, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        # An event of a stream.
        text = b"data: %s\n\n" % text
    return text[: draw(st.sampled_from([len(text), len(text) // 2, len(text) - 1]))]


bodies = (
    st.binary(max_size=200)
    | altered()
    | values.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
            b'{"id": NaN, "name": "a"}',
            b'{"id": "a", "name": "b", "max_token_count": 1e999}',
            b'{"id": "a", "name": "b", "max_token_count": ' + b"9" * 5000 + b"}",
            b'{"id": "a", "id": "b", "name": "c", "name": "d"}',
            b'{"id": "a", "name": "\\ud800"}',
            b'{"detail": "\\ud800"}',
            b'{"detail": {"detail": [[[]]]}}',
            b"\xef\xbb\xbf" + json.dumps(MODEL).encode(),
            json.dumps(MODEL).encode("utf-16"),
            b"<html>" + b"x" * 10_000,
            b'{"next": "?cursor=%ff%00", "results": []}',
            b'{"next": "http://\xe2\x84\x80/?cursor=a", "results": []}',
            b"null",
            b'"text"',
            b"data: [DONE]\n\n",
            b"data: null\ndata:\n\nevent: error\n\n\r\n:\n",
            b"event: error\ndata: key-of-the-tests\n\n",
            b'{"score": NaN, "execution_log_id": "a"}',
        ]
    )
)


headers = st.sampled_from(
    [
        b"",
        b"Content-Type: application/json; charset=nonsense\r\n",
        b"Content-Type: \xff\r\n",
        b"Content-Type: text/event-stream\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: br, gzip\r\n",
        b"Retry-After: 99999999999999999999\r\n",
        b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Mon, 01 Jan 0001 00:00:00 +2359\r\n",
        b"Retry-After: nan\r\nX-Request-Id: \xe4\r\n",
        b"Location: http://[\r\n",
        b"Location: /v1/models/\xe4/\r\n",
    ]
)


def all_calls(client: RootSignals | BlockingFacade) -> list[Callable[[], object]]:
    models = client.models
    return [
        lambda: models.create(name="a"),
        lambda: models.retrieve("a"),
        lambda: models.update("a", name="b"),
        lambda: models.replace("a", name="b"),
        lambda: models.delete("a"),
        lambda: models.verify(model="a"),
        lambda: list(models.list(limit=5)),
        lambda: list(models.list(limit=5, prefetch=True).pages()),
        lambda: client.evaluators.run("a", response="b"),
        lambda: client.datasets.create(file=io.BytesIO(b"a,b")),
        lambda: client.execution_logs.set_tags(["a"], tags=["b"]),
        lambda: list(client.judges.refine("a", response="b", stream=True)),
    ]


@pytest.fixture(scope="module", params=KINDS)
def served(
    request: pytest.FixtureRequest,
) -> Iterator[Served]:
    """A client, and the response that its server sends to every request."""
    response = [b""]

    def step(sock: socket.socket) -> bool:
        sock.sendall(response[0])
        return True

    with ScriptedServer([step]) as server:
        kind = KINDS[request.param]
        client = kind("key-of-the-tests", base_url=server.url, timeout=60, max_retries=0)
        yield client, response
        client.close()


responses = given(
    body=bodies,
    status=st.sampled_from([200, 200, 200, 201, 204, 206, 299, 301, 304, 400, 404, 429, 500, 503])
    | st.integers(200, 999),
    header=headers,
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@responses
def test_any_response(
    served: Served,
    body: bytes,
    status: int,
    header: bytes,
) -> None:
    """Any response is a result or an error of this package, and both can be pickled."""
    check_calls(served, body, status, header)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@responses
def test_any_of_many_responses(
    served: Served,
    body: bytes,
    status: int,
    header: bytes,
) -> None:
    """Each of many more responses is a result or an error of this package too."""
    check_calls(served, body, status, header)


def check_calls(
    served: Served,
    body: bytes,
    status: int,
    header: bytes,
) -> None:
    """Check all calls with one response."""
    client, response = served
    length = b"" if status in (204, 304) else b"Content-Length: %d\r\n" % len(body)
    content = b"" if status in (204, 304) else body
    response[0] = b"HTTP/1.1 %d Reason\r\n%s%s\r\n%s" % (status, header, length, content)
    for call in all_calls(client):
        result = outcome(call)
        returned = pickle.loads(pickle.dumps(result))
        if isinstance(result, RootSignalsError):
            assert "key-of-the-tests" not in f"{result}{result!r}{vars(result)}"
            assert str(returned) == str(result)
            continue
        assert returned == result or "nan" in repr(result).lower()
        for model in result if isinstance(result, list) else [result]:
            if isinstance(model, Model):
                assert type(model.id) is type(model.name) is str
            if isinstance(model, EvaluatorExecutionResult) and model.score is not None:
                assert math.isfinite(model.score)


def outcome(call: Callable[[], object]) -> object:
    """Return the result of a call, or the error of this package that it raises."""
    try:
        return call()
    except RootSignalsError as error:
        return error
