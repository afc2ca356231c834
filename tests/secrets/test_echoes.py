"""A server that echoes the API key or a default_key, in any part of a response."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote_plus

import httpx
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded

from root import RootSignals, RootSignalsError
from root.models import Model, ModelVerification
from tests.scripted_server import ScriptedServer, Step, response_bytes, sends

from .calls import all_calls
from .leaks import (
    DEFAULT_TOKEN,
    KEY,
    PASSWORD,
    PROVIDER_KEY,
    assert_error_hides,
    assert_hidden,
    assert_logs_hide,
    assert_results_hide,
)

pytestmark = pytest.mark.usefixtures("no_waits")


def echoing(write: Callable[[str, str], bytes]) -> Callable[[bytes], Step]:
    """Respond to each request with its Authorization header and its default_key."""

    def choose(request: bytes) -> Step:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        names = {name.lower(): value for name, value in lines.items()}
        sent = json.loads(body) if body else {}
        secret = sent.get("default_key", sent.get("api_key", ""))
        echo = write(names.get("authorization", ""), secret)
        return sends(echo.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    return choose


def html(key: str, secret: str) -> bytes:
    return f"<pre>Authorization: {key}\n{secret}</pre>".encode()


ECHOES: dict[str, Callable[[str, str], bytes]] = {
    "HTML, 502": lambda key, secret: page(502, html(key, secret)),
    "HTML, 200": lambda key, secret: page(200, html(key, secret)),
    "HTML, 407": lambda key, secret: page(407, html(key, secret)),
    "JSON": lambda key, secret: response_bytes(400, {"detail": f"Not good: {key}, {secret}"}),
    "nested JSON": lambda key, secret: page(
        403, json.dumps({"headers": {"Authorization": key, key: secret}}, indent=1).encode()
    ),
    "JSON within JSON": lambda key, secret: response_bytes(
        400, {"detail": json.dumps({"sent": [key, secret]})}
    ),
    "fields": lambda key, secret: response_bytes(400, {"default_key": [secret], key: [key]}),
    "another shape": lambda key, secret: response_bytes(200, {key: secret, "id": {key: secret}}),
    "truncated": lambda key, secret: response_bytes(200, {"id": key, "name": secret})[:-2],
    "JSON as PHP escapes it": lambda key, secret: page(
        400, json.dumps({"detail": f"Not good: {key}, {secret}/"}).replace("/", "\\/").encode()
    ),
    "JSON with everything escaped": lambda key, secret: page(
        400, f'{{"detail": "{escaped(key)}", "{escaped(secret)}": 1}}'.encode()
    ),
    "JSON as .NET escapes it": lambda key, secret: page(
        400,
        json.dumps({"detail": f"{key} {secret}"})
        .replace('\\"', "\\u0022")
        .replace("-", "\\u002D")
        .encode(),
    ),
    "HTML with everything escaped": lambda key, secret: page(
        502, "".join(f"&#{ord(item)};" for item in f"<p>{key} {secret}").encode()
    ),
    "a URL in HTML": lambda key, secret: page(502, f"<p>{quote_plus(key + secret)}".encode()),
    "truncated in the key": lambda key, secret: page(502, f"<p>{secret} {key}".encode()[:-3]),
    "truncated in the default_key": lambda key, secret: page(
        502, f'{{"sent": {json.dumps(secret)[:-3]}'.encode()
    ),
    "truncated in an escape": lambda key, secret: page(
        502, f'{{"sent": "{escaped(secret)[:-3]}'.encode()
    ),
    "unknown fields": lambda key, secret: response_bytes(
        200,
        {"id": "a", "name": "a", "success": True, "results": [], "next": None}
        | {
            "nested": {"by": [f"No: {secret}"], key: 1},
            "settings": {"default_key": "x", "a": secret},
        },
    ),
    "truncated JSON": lambda key, secret: page(200, f'{{"a": "{key} {secret}'.encode()),
    "the location of a redirect": lambda key, secret: response_bytes(
        302, None, Location="http://elsewhere.test/?" + key.replace(" ", "")
    ),
    "a next page without a cursor": lambda key, secret: response_bytes(
        200, {"next": f"/v1/models/?key={key}", "previous": None, "results": []}
    ),
    "the cursor": lambda key, secret: response_bytes(
        200, {"next": KEY, "previous": None, "results": []}
    ),
    "the request id": lambda key, secret: response_bytes(500, {}, X_Request_Id=key),
    "the content type": lambda key, secret: page(200, b"<p>", f"Content-Type: {key}"),
    "the content coding": lambda key, secret: page(200, b"{}", f"Content-Encoding: {key}"),
    "Retry-After": lambda key, secret: response_bytes(503, {}, Retry_After=key),
    "the reason phrase": lambda key, secret: (
        f"HTTP/1.1 500 {key}\r\nContent-Length: 0\r\n\r\n".encode()
    ),
    "a header": lambda key, secret: response_bytes(500, {}, X_Sent=key),
    "a broken status line": lambda key, secret: f"Authorization: {key}\r\n\r\n".encode(),
    "the request itself": lambda key, secret: (
        f"POST / HTTP/1.1\r\nAuthorization: {key}\r\n\r\n{secret}".encode()
    ),
    "a broken header": lambda key, secret: f"HTTP/1.1 200 OK\r\n: {key}\r\n\r\n".encode(),
    "a broken length": lambda key, secret: (
        f"HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n".encode()
    ),
    "a broken coding": lambda key, secret: (
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {key}\r\n\r\n".encode()
    ),
    "a broken chunk": lambda key, secret: (
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n".encode()
    ),
}


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04X}" for character in text)


def page(status: int, body: bytes, line: str = "Content-Type: text/html") -> bytes:
    head = f"HTTP/1.1 {status} Said\r\n{line}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_echoes(
    echo: Callable[[str, str], bytes],
    proxied: bool,
    logs: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that responds with what was sent, in any part of the response, leaks no secret."""
    results = results_of_echoes(echo, proxied, monkeypatch)
    assert_results_hide(results)
    assert PASSWORD not in repr(results)
    assert "receive_response_headers" in logs.text
    assert_logs_hide(logs)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_echoes_with_an_http_client(
    echo: Callable[[str, str], bytes], logs: pytest.LogCaptureFixture
) -> None:
    """With the user's own httpx client, neither results nor httpx's logs show a secret."""
    with ScriptedServer([], choose=echoing(echo)) as server:
        results = all_calls(server.url, http_client=True)
    assert_results_hide(results)
    assert "receive_response_headers" in logs.text
    assert_logs_hide(logs)


def test_echoes_in_successful_responses() -> None:
    """A service that echoes the key in the headers of a successful response does not leak it."""
    good = {"id": "a", "name": "a", "success": True, "results": [], "next": None}

    def write(key: str, secret: str) -> bytes:
        head, _, body = response_bytes(200, good, X_Request_Id=key, X_Sent=key).partition(
            b"\r\n\r\n"
        )
        return head + f"\r\nX-Secret: {secret}".encode() + b"\r\n\r\n" + body

    with ScriptedServer([], choose=echoing(write)) as server:
        results = all_calls(server.url)
    models = [item for item in results if isinstance(item, Model | ModelVerification)]
    assert len(models) == 8
    assert_results_hide(results)
    for model in models:
        assert model.meta.request_id == "Api-Key [redacted]"
        assert_hidden(repr(dict(model.meta.headers)))
        assert_hidden(repr(vars(pickle.loads(pickle.dumps(model)))))


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_echoes_in_a_report(
    echo: Callable[[str, str], bytes],
    proxied: bool,
    logs: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection check with a service that echoes what was sent shows no secret."""
    with ScriptedServer([], choose=echoing(echo)) as server:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", server.url.replace("://", f"://me:{PASSWORD}@"))
        url = "http://api.test" if proxied else server.url
        with RootSignals(KEY, base_url=url, default_headers={"X-Token": DEFAULT_TOKEN}) as client:
            shown: list[object] = [client.check(), asyncio.run(client.acheck())]
            shown += [client.config, client.config.explain()]
        assert any(KEY.encode() in request for request in server.requests)
    assert_logs_hide(logs)
    for item in shown:
        assert_hidden(f"{item}{item!r}")
        for secret in (PASSWORD, DEFAULT_TOKEN):
            assert secret not in f"{item}{item!r}"


def results_of_echoes(
    echo: Callable[[str, str], bytes], proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """Make every call to a server that echoes what was sent; return the results and errors."""
    with ScriptedServer([], choose=echoing(echo)) as server:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", server.url.replace("://", f"://me:{PASSWORD}@"))
        results = all_calls("http://api.test" if proxied else server.url)
        assert any(KEY.encode() in request for request in server.requests)
    return results


def test_echoes_in_a_verification(logs: pytest.LogCaptureFixture) -> None:
    """A provider that quotes the key that it rejects does not leak it."""

    def write(_: str, secret: str) -> bytes:
        quoted = f"No such key: {secret}, {json.dumps(secret)}"
        return response_bytes(
            200, {"success": False, "model": "a", "error": quoted, "response": quoted}
        )

    with (
        ScriptedServer([], choose=echoing(write)) as server,
        RootSignals(KEY, base_url=server.url) as client,
    ):
        verification = client.models.verify(model="a", api_key=PROVIDER_KEY)
        with pytest.raises(RootSignalsError) as error:
            verification.raise_for_failure()
    assert isinstance(verification, ModelVerification)
    assert_hidden(str(verification.error))
    assert_error_hides(error.value)
    assert_results_hide([verification])
    assert_logs_hide(logs)


def test_http_2_header(logs: pytest.LogCaptureFixture) -> None:
    """Over HTTP/2, the logs of the received headers do not show the key."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def serve() -> None:
        sock, _ = listener.accept()
        with context.wrap_socket(sock, server_side=True) as sock:
            connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
            connection.initiate_connection()
            headers: dict[bytes | str, bytes | str] = {}
            while data := sock.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, RequestReceived):
                        headers = {item[0]: item[1] for item in event.headers}
                    if isinstance(event, StreamEnded):
                        answered = [(":status", "200"), ("x-echo", str(headers["authorization"]))]
                        connection.send_headers(event.stream_id, answered)
                        connection.send_data(
                            event.stream_id, b'{"id": "a", "name": "a"}', end_stream=True
                        )
                sock.sendall(connection.data_to_send())

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        served = thread.submit(serve)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with (
            httpx.Client(http2=True, verify=trusting) as own,
            RootSignals(KEY, base_url=url, http_client=own) as client,
        ):
            assert client.models.retrieve("a").id == "a"
        served.result(10)
    caller = [item for item in logs.records if item.threadName == "MainThread"]
    assert any(item.name.startswith("hpack") and "x-echo" in item.getMessage() for item in caller)
    for item in caller:
        assert_hidden(item.getMessage())
