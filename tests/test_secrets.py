"""Neither the API key nor a model's default_key shows anywhere, and neither breaks a request."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import socket
import ssl
import string
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit

import httpx
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded
from hypothesis import given, settings
from hypothesis import strategies as st

from root import (
    APIConnectionError,
    AsyncRootSignals,
    ConfigurationError,
    InvalidRequestError,
    RootSignals,
    RootSignalsError,
)
from root.models import Model, ModelVerification

from .wire import Step, Wire, answer, closes, raw, resets, says

TESTS = Path(__file__).parent
KEY = "key-0123456789-of-the-tests"
# With what JSON escapes, so that its escaped forms are looked for as well.
DEFAULT_KEY = 'sk-"pä\\ss/wort"-of-a-provider'
PASSWORD = "password-of-the-proxy"
DEFAULT_TOKEN = "token-of-a-default-header"

FORMS = {
    form
    for secret in (KEY, DEFAULT_KEY)
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        # As a request's body shows it.
        repr(json.dumps(secret, ensure_ascii=False).encode())[3:-2],
    )
}


def assert_hidden(text: str) -> None:
    """Find neither secret in a text, in none of its forms."""
    for form in FORMS:
        # Some of what shows headers writes them in lower case.
        assert form.lower() not in text.lower()
        # Nor all but the end of one.
        assert len(form) < 12 or form[:12].lower() not in text.lower()


def assert_error_hides(error: BaseException, *, with_locals: bool = True) -> None:
    """Find neither secret in anything that an error shows or holds."""
    assert_hidden("".join(traceback.format_exception(error)))
    chain: list[BaseException] = [error]
    for member in chain:
        for shown in (str(member), repr(member), repr(member.args), repr(vars(member))):
            assert_hidden(shown)
        if with_locals:
            for shown in local_variables(member):
                assert_hidden(shown)
        # httpx hangs the request onto its errors, and some pickle an error with its cause.
        request = vars(member).get("_request")
        assert_hidden(repr(dict(getattr(request, "headers", {}))))
        chain += [
            found
            for found in (member.__cause__, member.__context__)
            if found is not None and found not in chain
        ]
    assert isinstance(error, RootSignalsError)
    pickled = pickle.dumps(error)
    for form in FORMS:
        assert form.encode() not in pickled
    assert_hidden(repr(vars(pickle.loads(pickled))))


def local_variables(error: BaseException) -> Iterator[str]:
    """What Sentry, rich and `pytest -l` show of the frames that an error went through."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        # The tests' own have the secrets at hand.
        if not Path(frame.f_code.co_filename).is_relative_to(TESTS):
            yield from map(repr, frame.f_locals.values())


def all_calls(url: str, *, http_client: bool = False) -> list[object]:
    """Make every call with the blocking client and with the other one, and return what came."""
    own = httpx.Client() if http_client else None
    with (
        own or nullcontext(),
        RootSignals(KEY, base_url=url, max_retries=1, timeout=5, http_client=own) as client,
    ):
        models = client.models
        calls: list[Callable[[], object]] = [
            lambda: models.retrieve("a"),
            lambda: list(models.list()),
            lambda: models.create(name="a", default_key=DEFAULT_KEY),
            lambda: models.replace("a", name="a", default_key=DEFAULT_KEY),
            lambda: models.update("a", default_key=DEFAULT_KEY),
            lambda: models.delete("a"),
            lambda: models.verify(model="a", api_key=DEFAULT_KEY),
        ]
        came = [tried(call) for call in calls]
        came += [client, vars(client), models]
    return came + asyncio.run(all_async_calls(url, http_client=http_client))


def tried(call: Callable[[], object]) -> object:
    """Return what a call comes to, or the error that it raises."""
    try:
        return call()
    except RootSignalsError as error:
        return error


async def all_async_calls(url: str, *, http_client: bool) -> list[object]:
    came: list[object] = []
    own = httpx.AsyncClient() if http_client else None
    async with (
        own or nullcontext(),
        AsyncRootSignals(KEY, base_url=url, max_retries=1, timeout=5, http_client=own) as client,
    ):
        models = client.models

        async def listed() -> object:
            return [model async for model in models.list()]

        for work in (
            models.retrieve("a"),
            listed(),
            models.create(name="a", default_key=DEFAULT_KEY),
            models.replace("a", name="a", default_key=DEFAULT_KEY),
            models.update("a", default_key=DEFAULT_KEY),
            models.delete("a"),
            models.verify(model="a", api_key=DEFAULT_KEY),
        ):
            try:
                came.append(await work)
            except RootSignalsError as error:
                came.append(error)
        came += [client, vars(client), models]
    return came


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged at DEBUG, by anybody."""
    for name in (None, "root", "root.client", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pass_by(_: float) -> None:
        """Wait for nothing."""

    monkeypatch.setattr("root._sync.transport.sleep", lambda _: None)
    monkeypatch.setattr("root._async.transport.async_sleep", pass_by)


def assert_results_hide(came: list[object]) -> None:
    """Find neither secret in what calls came to."""
    for one in came:
        if isinstance(one, BaseException):
            assert_error_hides(one)
        assert_hidden(repr(one))
        assert_hidden(str(one))
        meta = getattr(one, "meta", None)
        assert_hidden(repr(meta))


def assert_logs_hide(logs: pytest.LogCaptureFixture) -> None:
    """Find neither secret in what was logged."""
    assert logs.records
    assert_hidden(logs.text)
    for record in logs.records:
        assert_hidden(record.getMessage())


def quoting(write: Callable[[str, str], bytes]) -> Callable[[bytes], Step]:
    """Answer every request with what it holds: its Authorization header, and its default_key."""

    def choose(request: bytes) -> Step:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        names = {name.lower(): value for name, value in lines.items()}
        sent = json.loads(body) if body else {}
        secret = sent.get("default_key", sent.get("api_key", ""))
        echo = write(names.get("authorization", ""), secret)
        return raw(echo.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    return choose


def web_page(key: str, secret: str) -> bytes:
    return f"<pre>Authorization: {key}\n{secret}</pre>".encode()


ECHOES: dict[str, Callable[[str, str], bytes]] = {
    "a page, 502": lambda key, secret: page(502, web_page(key, secret)),
    "a page, 200": lambda key, secret: page(200, web_page(key, secret)),
    "a page, 407": lambda key, secret: page(407, web_page(key, secret)),
    "JSON": lambda key, secret: answer(400, {"detail": f"Not good: {key}, {secret}"}),
    "JSON with its own escapes": lambda key, secret: page(
        403, json.dumps({"headers": {"Authorization": key, key: secret}}, indent=1).encode()
    ),
    "JSON within JSON": lambda key, secret: answer(
        400, {"detail": json.dumps({"sent": [key, secret]})}
    ),
    "fields": lambda key, secret: answer(400, {"default_key": [secret], key: [key]}),
    "another shape": lambda key, secret: answer(200, {key: secret, "id": {key: secret}}),
    "cut off": lambda key, secret: answer(200, {"id": key, "name": secret})[:-2],
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
        502, "".join(f"&#{ord(one)};" for one in f"<p>{key} {secret}").encode()
    ),
    "a URL in a page": lambda key, secret: page(502, f"<p>{quote_plus(key + secret)}".encode()),
    "cut off in the key": lambda key, secret: page(502, f"<p>{secret} {key}".encode()[:-3]),
    "cut off in the default_key": lambda key, secret: page(
        502, f'{{"sent": {json.dumps(secret)[:-3]}'.encode()
    ),
    "cut off in an escape": lambda key, secret: page(
        502, f'{{"sent": "{escaped(secret)[:-3]}'.encode()
    ),
    "fields that nobody knows": lambda key, secret: answer(
        200,
        {"id": "a", "name": "a", "success": True, "results": [], "next": None}
        | {
            "told": {"by": [f"No: {secret}"], key: 1},
            "settings": {"default_key": "x", "a": secret},
        },
    ),
    "cut off in the body": lambda key, secret: page(200, f'{{"a": "{key} {secret}'.encode()),
    "the place of a redirect": lambda key, secret: answer(
        302, None, Location="http://elsewhere.test/?" + key.replace(" ", "")
    ),
    "a next page without a cursor": lambda key, secret: answer(
        200, {"next": f"/v1/models/?key={key}", "previous": None, "results": []}
    ),
    "the cursor": lambda key, secret: answer(200, {"next": KEY, "previous": None, "results": []}),
    "the request id": lambda key, secret: answer(500, {}, X_Request_Id=key),
    "the content type": lambda key, secret: page(200, b"<p>", f"Content-Type: {key}"),
    "the content coding": lambda key, secret: page(200, b"{}", f"Content-Encoding: {key}"),
    "Retry-After": lambda key, secret: answer(503, {}, Retry_After=key),
    "the reason": lambda key, secret: f"HTTP/1.1 500 {key}\r\nContent-Length: 0\r\n\r\n".encode(),
    "a header": lambda key, secret: answer(500, {}, X_Sent=key),
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
    """Whoever answers with what was sent, in whatever part, gives no secret away."""
    came = echoed(echo, proxied, monkeypatch)
    assert_results_hide(came)
    assert PASSWORD not in repr(came)
    assert "receive_response_headers" in logs.text
    assert_logs_hide(logs)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_echoes_over_an_http_client(
    echo: Callable[[str, str], bytes], logs: pytest.LogCaptureFixture
) -> None:
    """What httpx logs of our calls over a client of the user's shows no secret either."""
    with Wire([], choose=quoting(echo)) as wire:
        came = all_calls(wire.url, http_client=True)
    assert_results_hide(came)
    assert "receive_response_headers" in logs.text
    assert_logs_hide(logs)


def test_echoes_on_success() -> None:
    """A service that names the key in the headers of a good answer does not give it away."""
    good = {"id": "a", "name": "a", "success": True, "results": [], "next": None}

    def write(key: str, secret: str) -> bytes:
        head, _, body = answer(200, good, X_Request_Id=key, X_Sent=key).partition(b"\r\n\r\n")
        return head + f"\r\nX-Secret: {secret}".encode() + b"\r\n\r\n" + body

    with Wire([], choose=quoting(write)) as wire:
        came = all_calls(wire.url)
    models = [one for one in came if isinstance(one, Model | ModelVerification)]
    assert len(models) == 8
    assert_results_hide(came)
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
    """A check of a service that answers with what was sent gives no secret away."""
    with Wire([], choose=quoting(echo)) as wire:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url.replace("://", f"://me:{PASSWORD}@"))
        url = "http://api.test" if proxied else wire.url
        with RootSignals(KEY, base_url=url, default_headers={"X-Token": DEFAULT_TOKEN}) as client:
            shown: list[object] = [client.check(), asyncio.run(client.acheck())]
            shown += [client.config, client.config.explain()]
        assert any(KEY.encode() in request for request in wire.requests)
    assert_logs_hide(logs)
    for one in shown:
        assert_hidden(f"{one}{one!r}")
        for secret in (PASSWORD, DEFAULT_TOKEN):
            assert secret not in f"{one}{one!r}"


def echoed(
    echo: Callable[[str, str], bytes], proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """Make every call, all of which are answered with what was sent; return what they came to."""
    with Wire([], choose=quoting(echo)) as wire:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url.replace("://", f"://me:{PASSWORD}@"))
        came = all_calls("http://api.test" if proxied else wire.url)
        assert any(KEY.encode() in request for request in wire.requests)
    return came


def test_echoes_in_a_verification(logs: pytest.LogCaptureFixture) -> None:
    """A provider that quotes the key it refuses does not give it away."""

    def write(_: str, secret: str) -> bytes:
        quoted = f"No such key: {secret}, {json.dumps(secret)}"
        return answer(200, {"success": False, "model": "a", "error": quoted, "response": quoted})

    with Wire([], choose=quoting(write)) as wire, RootSignals(KEY, base_url=wire.url) as client:
        verification = client.models.verify(model="a", api_key=DEFAULT_KEY)
        with pytest.raises(RootSignalsError) as error:
            verification.raise_for_failure()
    assert isinstance(verification, ModelVerification)
    assert_hidden(str(verification.error))
    assert_error_hides(error.value)
    assert_results_hide([verification])
    assert_logs_hide(logs)


@pytest.mark.parametrize(
    "step",
    [closes, resets, raw(b"\x00garbage\r\n\r\n"), raw(b"HTTP/1.1 2")],
    ids=["closed", "reset", "garbage", "half a head"],
)
def test_broken_exchanges(step: Step, logs: pytest.LogCaptureFixture) -> None:
    """An exchange that breaks off shows no secret in errors, their causes and the logs."""
    with Wire([step]) as wire:
        came = all_calls(wire.url)
        lines = [request.partition(b"\r\n")[0].decode() for request in wire.requests]
    assert sum(isinstance(one, APIConnectionError) for one in came) == 14
    assert_results_hide([*came, lines])
    assert_logs_hide(logs)


def test_no_connection(logs: pytest.LogCaptureFixture) -> None:
    """A service that is not there gives no secret away."""
    with Wire([]) as wire:
        url = wire.url
    came = all_calls(url)
    assert sum(isinstance(one, APIConnectionError) for one in came) == 14
    assert_results_hide(came)
    assert_logs_hide(logs)


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
def test_calls_that_succeed(
    proxied: bool, logs: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that go well log neither secret, put none into a URL, and return none."""
    model = {"id": "a", "name": "a", "default_key": DEFAULT_KEY}

    def choose(request: bytes) -> Step:
        if b"/verify/ " in request:
            return says(200, {"success": True, "model": "a"})
        return says(200, {"results": [model], "next": None} if b"?page_size" in request else model)

    with Wire([], choose=choose) as wire:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url)
        came = all_calls("http://api.test" if proxied else wire.url)
        lines = [request.partition(b"\r\n")[0].decode() for request in wire.requests]
    assert not any(isinstance(one, BaseException) for one in came)
    assert sum(isinstance(one, Model) for one in came) == 6
    assert "/v1/models/" in logs.text
    assert_results_hide([*came, lines])
    assert_logs_hide(logs)


@pytest.mark.parametrize("bad", ["\n", "\r\nX-Evil: 1", "\x00", "ä", "\u2028", "\ud800"], ids=ascii)
def test_keys_that_no_header_takes(
    bad: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key that cannot be sent is refused without being shown, wherever it comes from."""
    broken = f"{KEY}{bad}{KEY}"
    errors: list[BaseException] = []
    with Wire([says(200, {"id": "a", "name": "a"})]) as wire:
        with pytest.raises(ConfigurationError) as error:
            RootSignals(broken)
        errors.append(error.value)
        with RootSignals(lambda: broken, base_url=wire.url) as client:
            with pytest.raises(ConfigurationError) as error:
                client.models.retrieve("a")
            errors.append(error.value)
        with pytest.raises(ConfigurationError) as error:
            RootSignals(KEY).with_options(api_key=broken)
        errors.append(error.value)
        with pytest.raises(ConfigurationError) as error:
            RootSignals(KEY, default_headers={"X-Key": broken})
        # Of headers, all but the key's are shown with local variables.
        assert_error_hides(error.value, with_locals=False)
        if "\x00" not in bad and "\ud800" not in bad:
            monkeypatch.setenv("ROOTSIGNALS_API_KEY", broken)
            with pytest.raises(ConfigurationError) as error:
                RootSignals()
            errors.append(error.value)
            monkeypatch.delenv("ROOTSIGNALS_API_KEY")
        (tmp_path / ".env").write_bytes(b"ROOTSIGNALS_API_KEY='%s\n%s'" % ((KEY.encode(),) * 2))
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigurationError) as error:
            RootSignals()
        errors.append(error.value)
        assert not wire.requests
    for one in errors:
        assert_error_hides(one)


@pytest.mark.parametrize(
    "value", [DEFAULT_KEY + "\ud800", 5, [DEFAULT_KEY], {"a": DEFAULT_KEY}], ids=ascii
)
def test_default_keys_that_cannot_be(value: object) -> None:
    """A default_key that the API cannot take is refused without being shown."""
    with RootSignals(KEY) as client, pytest.raises(InvalidRequestError) as error:
        client.models.create(name="a", default_key=value)  # type: ignore[arg-type]
    # Of local variables only text is hidden.
    assert_error_hides(error.value, with_locals=isinstance(value, str))


# Header injection.

# What ends a line somewhere, what means something in a header or a URL, and all the rest.
SPECIAL = "\r\n\0\t :/?#[]@!$&'()*+,;=%\\\"\x0b\x0c\x1c\x1d\x85\u2028\u2029ä€\u010a\u560d\u560a"
texts = st.text(st.sampled_from(SPECIAL + string.ascii_letters) | st.characters(), max_size=30)
injections = texts | st.builds(
    lambda before, end, after: f"{before}{end}X-Evil: yes{end}{after}",
    texts,
    st.sampled_from(["\r\n", "\n", "\r", "\r\n\r\n", "\x85", "\u2028", "\u560d\u560a", "%0d%0a"]),
    texts,
)


@pytest.fixture(scope="module")
def wire() -> Wire:
    model = {"id": "a", "name": "a"}
    return Wire([says(200, model | {"results": [model], "next": None})]).__enter__()


NAMES = {"host", "accept", "accept-encoding", "user-agent", "authorization"}


def arrived(wire: Wire) -> tuple[str, str, dict[str, str]]:
    """Return method, target and headers of the one request that arrived, which is well-formed."""
    (request,) = wire.requests
    wire.requests.clear()
    head, separator, body = request.partition(b"\r\n\r\n")
    assert separator
    assert not body
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    for line in lines:
        assert line.isprintable()
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    assert len(headers) == len(lines)
    return method, target, headers


@settings(max_examples=60)
@given(key=injections)
def test_injection_by_key(wire: Wire, key: str) -> None:
    """A key is sent as one header, or refused before anything is sent."""
    try:
        client = RootSignals(key, base_url=wire.url)
    except ConfigurationError:
        assert not wire.requests
        return
    with client:
        client.models.retrieve("a")
    _, _, headers = arrived(wire)
    assert headers.keys() == NAMES
    assert headers["authorization"] == f"Api-Key {key.strip()}"


@settings(max_examples=60)
@given(key=injections)
def test_injection_by_key_of_a_function(wire: Wire, key: str) -> None:
    """What a function returns as the key is sent as one header, or refused."""
    with RootSignals(lambda: key, base_url=wire.url) as client:
        try:
            client.models.retrieve("a")
        except ConfigurationError:
            assert not wire.requests
            return
    assert arrived(wire)[2].keys() == NAMES


@settings(max_examples=60)
@given(model_id=injections)
def test_injection_by_id(wire: Wire, model_id: str) -> None:
    """An id is one segment of the path, whatever it holds, or refused."""
    with RootSignals(KEY, base_url=wire.url) as client:
        try:
            client.models.retrieve(model_id)
        except InvalidRequestError:
            assert not wire.requests
            return
    method, target, headers = arrived(wire)
    assert method == "GET"
    assert headers.keys() == NAMES
    beginning, segment, end = target[: len("/v1/models/")], target[11:-1], target[-1]
    assert (beginning, end) == ("/v1/models/", "/")
    assert not set(segment) & set("/?#")
    assert unquote(segment) == model_id


@settings(max_examples=60)
@given(cursor=injections.filter(bool), ordering=injections)
def test_injection_by_cursor(wire: Wire, cursor: str, ordering: str) -> None:
    """A cursor and an ordering are each one value of the query, or refused."""
    with RootSignals(KEY, base_url=wire.url) as client:
        try:
            list(client.models.list(cursor=cursor, ordering=ordering, limit=7))
        except InvalidRequestError:
            assert not wire.requests
            return
    _, target, headers = arrived(wire)
    assert headers.keys() == NAMES
    assert urlsplit(target).path == "/v1/models/"
    assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {
        "page_size": ["7"],
        "cursor": [cursor],
        "ordering": [ordering],
    }


@settings(max_examples=100)
@given(
    name=st.text(string.ascii_letters + "-", min_size=1, max_size=9) | injections,
    value=st.text(string.printable, max_size=20) | injections,
)
def test_injection_by_default_headers(wire: Wire, name: str, value: str) -> None:
    """A header given to the client is sent as that one header, or refused."""
    try:
        client = RootSignals(KEY, base_url=wire.url, default_headers={name: value})
    except ConfigurationError:
        assert not wire.requests
        return
    with client:
        client.models.retrieve("a")
    _, _, headers = arrived(wire)
    assert headers.keys() == NAMES | {name.lower()}
    assert headers[name.lower()] == value.strip()
    assert headers["authorization"] == f"Api-Key {KEY}"


def test_a_header_over_http_2(logs: pytest.LogCaptureFixture) -> None:
    """What reads HTTP/2 for an http client logs the headers of an answer without the key."""
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
                        headers = {one[0]: one[1] for one in event.headers}
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
    caller = [one for one in logs.records if one.threadName == "MainThread"]
    assert any(one.name.startswith("hpack") and "x-echo" in one.getMessage() for one in caller)
    for one in caller:
        assert_hidden(one.getMessage())
