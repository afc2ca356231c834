"""The error tree: what an answer stands for, what an error says, and that it travels."""

from __future__ import annotations

import copy
import html
import json
import pickle
import signal
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from root import errors
from root._redaction import scrub, scrubber
from root.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    ApplyError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    BulkError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    JSONValue,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    RegistryError,
    RequestInfo,
    RootSignalsError,
    ServerError,
    VerificationError,
    from_response,
)

REQUEST = RequestInfo("POST", "https://api.example/v1/models/")
SECRET = "sk-0123456789abcdef"

ALL_ERRORS = [
    RootSignalsError,
    ConfigurationError,
    InvalidRequestError,
    APIConnectionError,
    APITimeoutError,
    APIResponseError,
    APIStatusError,
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    NotFoundError,
    ConflictError,
    RateLimitError,
    ServerError,
    PaginationError,
    VerificationError,
    BulkError,
    ApplyError,
    RegistryError,
]


def answered(status: int, body: object) -> APIStatusError:
    """Return the error of an answer; what is no bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return from_response(REQUEST, status, content)


def full(kind: type[RootSignalsError]) -> RootSignalsError:
    """Return an error that knows all that one can know."""
    error = kind("It went wrong.")
    error.request = REQUEST
    error.status_code = 400
    error.detail = "No."
    error.body = {"name": ["No."]}
    error.request_id = "req-1"
    error.attempts = (Attempt(502, None, 0.5), Attempt(None, "reset", None))
    error.elapsed = 1.5
    error.may_have_been_processed = True
    error.cursor = "cD00ODY="
    if isinstance(error, APIStatusError):
        error.retry_after = 17.0
    if isinstance(error, BadRequestError):
        error.fields = {"name": ["No."]}
    error.add_note("A note of the caller's.")
    return error


def test_no_error_is_forgotten() -> None:
    """The tables of this file name every error class there is."""
    there = {
        kind
        for name in errors.__all__
        if isinstance(kind := getattr(errors, name), type) and issubclass(kind, Exception)
    }

    assert there == set(ALL_ERRORS)


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (RootSignalsError, {Exception}),
        (ConfigurationError, {RootSignalsError, ValueError}),
        (InvalidRequestError, {RootSignalsError, ValueError}),
        (APIConnectionError, {RootSignalsError}),
        (APITimeoutError, {APIConnectionError, TimeoutError}),
        (APIResponseError, {RootSignalsError}),
        (APIStatusError, {RootSignalsError}),
        (BadRequestError, {APIStatusError}),
        (AuthenticationError, {APIStatusError}),
        (PermissionDeniedError, {APIStatusError}),
        (NotFoundError, {APIStatusError}),
        (ConflictError, {APIStatusError}),
        (RateLimitError, {APIStatusError}),
        (ServerError, {APIStatusError}),
        (PaginationError, {RootSignalsError}),
        (VerificationError, {RootSignalsError}),
        (BulkError, {RootSignalsError}),
        (ApplyError, {RootSignalsError}),
        (RegistryError, {RootSignalsError, ValueError}),
    ],
)
def test_the_tree(kind: type[Exception], parents: set[type[Exception]]) -> None:
    """Each class hangs where the drawing has it, and is caught by its built-in kin, too."""
    assert set(kind.__bases__) == parents


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_what_a_new_error_knows(kind: type[RootSignalsError]) -> None:
    """Every attribute is there from the start, empty."""
    error = kind("It went wrong.")

    assert str(error) == "It went wrong."
    assert error.request is None
    assert error.status_code is None
    assert error.detail is None
    assert error.body is None
    assert error.request_id is None
    assert error.attempts == ()
    assert error.elapsed is None
    assert error.may_have_been_processed is False
    assert error.cursor is None
    if isinstance(error, APIStatusError):
        assert error.retry_after is None
    if isinstance(error, BadRequestError):
        assert error.fields == {}


WAYS: dict[str, Callable[[RootSignalsError], RootSignalsError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(  # type: ignore[misc]
            pickle.dumps(error, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_errors_travel(
    way: Callable[[RootSignalsError], RootSignalsError], kind: type[RootSignalsError]
) -> None:
    """An error that was copied or pickled is the same error, with all that it knows."""
    error = full(kind)

    other = way(error)

    assert other is not error
    assert type(other) is kind
    assert str(other) == str(error)
    assert other.args == error.args
    assert vars(other) == vars(error)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_error_without_words_travels(
    way: Callable[[RootSignalsError], RootSignalsError],
) -> None:
    """An error that knows nothing is copied and pickled as well."""
    assert way(APITimeoutError()).args == ()


def test_a_deep_copy_shares_nothing() -> None:
    """Changing what a deep copy holds leaves the error as it was."""
    error = full(BadRequestError)
    other = copy.deepcopy(error)
    assert isinstance(other.body, dict)

    other.body["name"] = "changed"

    assert error.body == {"name": ["No."]}


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (302, APIStatusError, ""),
        (400, BadRequestError, "Correct what was sent"),
        (401, AuthenticationError, "ROOTSIGNALS_API_KEY"),
        (403, PermissionDeniedError, "Check that the API key"),
        (404, NotFoundError, "Check what was asked for"),
        (405, APIStatusError, ""),
        (408, APIStatusError, ""),
        (409, ConflictError, "Look at what is there"),
        (415, APIStatusError, ""),
        (418, APIStatusError, ""),
        (422, BadRequestError, "Correct what was sent"),
        (429, RateLimitError, "Slow down"),
        (500, ServerError, "try again later"),
        (502, ServerError, "try again later"),
        (503, ServerError, "try again later"),
        (504, ServerError, "try again later"),
        (599, ServerError, "try again later"),
    ],
)
def test_what_a_status_stands_for(status: int, kind: type[APIStatusError], advice: str) -> None:
    """A status has its class, and a sentence with the request, the words and what to do."""
    error = answered(status, {"detail": "Not so."})

    assert type(error) is kind
    assert error.status_code == status
    assert error.request == REQUEST
    assert error.detail == "Not so."
    assert error.body == {"detail": "Not so."}
    assert str(error).startswith(f"POST https://api.example/v1/models/ answered {status}: Not so.")
    assert advice in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("body", "fields", "detail"),
    [
        pytest.param(
            {"name": ["This field is required."], "url": ["Too long.", "No URL."]},
            {"name": ["This field is required."], "url": ["Too long.", "No URL."]},
            "name: This field is required.; url: Too long. No URL.",
            id="fields",
        ),
        pytest.param(
            {"name": ["Bad."], "non_field_errors": ["These do not go together."]},
            {"name": ["Bad."], "non_field_errors": ["These do not go together."]},
            "These do not go together.; name: Bad.",
            id="fields and more",
        ),
        pytest.param(
            {"non_field_errors": ["No."]}, {"non_field_errors": ["No."]}, "No.", id="non field"
        ),
        pytest.param(
            ["One.", "Two."], {"non_field_errors": ["One.", "Two."]}, "One. Two.", id="list"
        ),
        pytest.param(
            [{"name": ["Bad."]}, {}],
            {"non_field_errors": ['{"name": ["Bad."]}', "{}"]},
            '{"name": ["Bad."]} {}',
            id="list of objects",
        ),
        pytest.param([], {}, None, id="empty list"),
        pytest.param({}, {}, None, id="empty object"),
        pytest.param({"detail": "No."}, {}, "No.", id="detail"),
        pytest.param({"detail": ""}, {}, None, id="empty detail"),
        pytest.param({"detail": ["No.", 1]}, {}, '["No.", 1]', id="detail as list"),
        pytest.param(
            {"detail": None, "name": ["Bad."]}, {"name": ["Bad."]}, "name: Bad.", id="null detail"
        ),
        pytest.param({"name": "Bad."}, {"name": ["Bad."]}, "name: Bad.", id="bare words"),
        pytest.param(
            {"provider": {"id": ["Bad."]}},
            {"provider": ['{"id": ["Bad."]}']},
            'provider: {"id": ["Bad."]}',
            id="nested",
        ),
        pytest.param({"name": [None, 5]}, {"name": ["null", "5"]}, "name: null 5", id="no words"),
        pytest.param({"name": ["Zu groß."]}, {"name": ["Zu groß."]}, "name: Zu groß.", id="ß"),
        pytest.param("No.", {}, "No.", id="string"),
        pytest.param(None, {}, None, id="null"),
        pytest.param(17, {}, None, id="number"),
        pytest.param(True, {}, None, id="true"),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_json_bodies(
    status: int, body: JSONValue, fields: dict[str, list[str]], detail: str | None
) -> None:
    """Each of Django REST Framework's forms gives the fields, and the server's own words."""
    error = answered(status, body)

    assert isinstance(error, BadRequestError)
    assert error.fields == fields
    assert error.detail == detail
    assert error.body == body
    if detail:
        assert f"answered {status}: {detail}" in str(error)
    else:
        assert f"answered {status}. Correct" in str(error)


@pytest.mark.parametrize(
    ("body", "text", "detail"),
    [
        pytest.param(b"", "", None, id="empty"),
        pytest.param(b"<html><h1>Bad gateway</h1>", "<html><h1>Bad gateway</h1>", None, id="HTML"),
        pytest.param(b"\n <!DOCTYPE html>", "\n <!DOCTYPE html>", None, id="HTML after blanks"),
        pytest.param(
            b"upstream timed\nout", "upstream timed\nout", "upstream timed out", id="text"
        ),
        pytest.param(b"   \n", "   \n", None, id="blank"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", "\ufffd\ufffd", id="no UTF-8"),
        pytest.param(b'{"detail": "cut o', '{"detail": "cut o', '{"detail": "cut o', id="cut off"),
    ],
)
def test_bodies_that_are_no_json(body: bytes, text: str, detail: str | None) -> None:
    """A body that is no JSON is kept as text, and quoted unless it is a web page."""
    error = answered(502, body)

    assert type(error) is ServerError
    assert error.body == text
    assert error.detail == detail
    said = f": {detail}" if detail else ""
    assert str(error) == (
        f"POST https://api.example/v1/models/ answered 502{said}."
        " The service has a problem; try again later."
    )


def test_a_huge_body() -> None:
    """Of a huge body the first MiB is kept, and its first 200 characters are quoted."""
    error = answered(500, b"x" * 10_000_000)

    assert error.body == "x" * 1024 * 1024
    assert error.detail == "x" * 200 + "..."
    assert len(str(error)) < 400


def test_a_huge_field() -> None:
    """What the server says of a field is kept in full, and the message stays short."""
    error = answered(400, {"name": ["x" * 100_000]})

    assert isinstance(error, BadRequestError)
    assert error.fields == {"name": ["x" * 100_000]}
    assert len(str(error)) < 400


@pytest.mark.parametrize("depth", [10, 400, 900, 1_100, 100_000])
@pytest.mark.parametrize("name", ["detail", "name"])
def test_deep_json(depth: int, name: str) -> None:
    """JSON of any depth makes an error that says so much, copies and pickles."""
    body = f'{{"{name}": {"[" * depth}{"]" * depth}}}'.encode()

    error = from_response(REQUEST, 400, body)

    assert "answered 400" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(copy.deepcopy(error)) == str(error)


def test_a_number_beyond_all_bounds() -> None:
    """A number with more digits than Python reads leaves the body as text."""
    body = b'{"n": ' + b"9" * 5000 + b"}"

    assert answered(500, body).body == body.decode()


def test_a_note_stands_in_the_message() -> None:
    """What the SDK knows of an answer stands between the server's words and the advice."""
    error = from_response(REQUEST, 404, b'{"detail": "No"}', note="It redirects.")

    assert str(error) == (
        "POST https://api.example/v1/models/ answered 404: No. It redirects."
        " Check what was asked for, and that this API key may see it."
    )


@given(
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("detail"), inner),
    ).map(lambda value: json.dumps(value).encode()),
    status=st.integers(300, 599),
)
def test_any_body_makes_an_error(body: bytes, status: int) -> None:
    """Whatever an answer holds, it is an error with that status, which pickles."""
    error = from_response(REQUEST, status, body)

    assert error.status_code == status
    assert f"answered {status}" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# What a server may make of a secret that it echoes, as JSON and as text.
ECHOES: dict[str, Callable[[str], bytes]] = {
    "detail": lambda secret: json.dumps({"detail": f"{secret} is no key."}).encode(),
    "field": lambda secret: json.dumps({"default_key": [f"Bad: {secret}"]}).encode(),
    "field name": lambda secret: json.dumps({secret: ["No such field."]}).encode(),
    "list": lambda secret: json.dumps([secret, {"x": secret}]).encode(),
    "raw JSON": lambda secret: json.dumps({"detail": secret}, ensure_ascii=False).encode(),
    "HTML": lambda secret: f"<p>{secret}</p>".encode(),
    "text": lambda secret: f"Not a key: {secret}".encode(),
    "broken JSON": lambda secret: f'{{"detail": "{secret}'.encode(),
}


def assert_hidden(secret: str, error: RootSignalsError) -> None:
    """Find no secret in anything that an error shows or holds."""
    shown = [str(error), repr(error), repr(vars(error)), repr(error.args)]
    # A body that was parsed shows a string as it is only where it is printed as text.
    shown.append(json.dumps(error.body, ensure_ascii=False))
    shown += [str(error.detail), *map(str, getattr(error, "fields", {}).items())]
    for text in shown:
        assert secret not in text
        assert json.dumps(secret, ensure_ascii=False)[1:-1] not in text


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param("pa'ss&wo/rd+=", id="marks"),
        pytest.param('pass"wo\\rd', id="quote and backslash"),
        pytest.param("pässwörter", id="umlauts"),
        pytest.param("passw\nord\t1", id="line break"),
    ],
)
def test_an_echoed_secret_does_not_show(echo: Callable[[str], bytes], secret: str) -> None:
    """A secret that the server echoes stands nowhere in the error."""
    error = from_response(REQUEST, 400, echo(secret), secrets=("other-secret", secret))

    assert_hidden(secret, error)
    assert "[redacted]" in json.dumps(error.body)


def test_a_secret_that_is_written_as_no_other() -> None:
    """A secret that JSON writes half escaped, as Django REST Framework does, does not show."""
    secret = 'pä"sswörter'

    error = from_response(REQUEST, 400, ECHOES["raw JSON"](secret), secrets=(secret,))

    assert_hidden(secret, error)


def test_a_secret_that_the_server_has_trimmed() -> None:
    """Django REST Framework trims what it reads, so a secret is hidden without its blanks, too."""
    error = from_response(REQUEST, 400, ECHOES["detail"](SECRET), secrets=(f" {SECRET}\n",))

    assert_hidden(SECRET, error)


@pytest.mark.parametrize("order", [1, -1], ids=["short first", "long first"])
def test_a_secret_within_a_secret(order: int) -> None:
    """Of two secrets that begin alike, neither leaves a rest."""
    secrets = [SECRET[:10], SECRET][::order]

    assert scrub(f"a {SECRET} b {SECRET[:10]} c", secrets) == "a [redacted] b [redacted] c"


@pytest.mark.parametrize(
    ("text", "secrets", "scrubbed"),
    [
        pytest.param("nothing here", [SECRET], "nothing here", id="absent"),
        pytest.param(f"{SECRET}{SECRET}", [SECRET], "[redacted][redacted]", id="twice"),
        pytest.param("a b", [], "a b", id="no secrets"),
        pytest.param("a b", [""], "a b", id="empty secret"),
        pytest.param("the key", ["key"], "the key", id="three characters are a word"),
        pytest.param("x 1234", ["1234"], "x [redacted]", id="four characters"),
        pytest.param("&lt;a&amp;b", ["<a&b"], "[redacted]", id="as HTML escapes it"),
        pytest.param("k=%2Fa%3Db", ["/a=b"], "k=[redacted]", id="as a URL escapes it"),
    ],
)
def test_scrub(text: str, secrets: list[str], scrubbed: str) -> None:
    """Every secret of eight characters and more is taken out of a text, and nothing else."""
    assert scrub(text, secrets) == scrubbed


@given(
    secret=st.text(st.characters(exclude_characters="[]redact"), min_size=8),
    before=st.text(),
    after=st.text(),
)
def test_scrubbed_text_holds_no_secret(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a secret is gone."""
    scrubbed = scrub(before + secret + after, [secret])

    assert secret not in scrubbed
    assert "[redacted]" in scrubbed


# Ways in which a secret is escaped as a whole.
ESCAPES: dict[str, Callable[[str], str]] = {
    "not": str,
    "JSON": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "JSON in ASCII": lambda secret: json.dumps(secret)[1:-1],
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "all in JSON": lambda secret: "".join(
        f"\\u{unit:04X}" for unit in memoryview(secret.encode("utf-16-le")).cast("H")
    ),
    "bytes": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "a repr": lambda secret: repr(secret)[1:-1],
    "a URL": lambda secret: quote(secret, safe=""),
    "a form": lambda secret: quote_plus(secret),
    "all in a URL": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "HTML": html.escape,
    "all in HTML": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "hexadecimal HTML": lambda secret: "".join(f"&#X00{ord(one):x};" for one in secret),
    "JSON in HTML": lambda secret: html.escape(json.dumps(secret)[1:-1]),
    "Latin-1 for UTF-8": lambda secret: secret.encode().decode("latin-1"),
}
# With all that means something in one of them.
SPECIAL = "abux0123456789\\\"'/%&#;<>+- \n\t\x01äÄß€\U0001f600Σİ"


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@given(
    secret=st.text(SPECIAL, min_size=4)
    # At its end it is trimmed, and a backslash does not count.
    .filter(lambda secret: secret == secret.rstrip().rstrip("\\"))
    .map("sk-k".__add__)
)
def test_an_escaped_secret(escape: Callable[[str], str], secret: str) -> None:
    """However a secret is escaped, exactly its place is blackened."""
    assert scrub(f"<p>{escape(secret)}</p>", [secret]) == "<p>[redacted]</p>"


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@settings(deadline=None)
@given(data=st.data())
def test_an_escaped_secret_that_is_cut_off(
    escape: Callable[[str], str], data: st.DataObject
) -> None:
    """Wherever the end of a text cuts a secret off, also within an escape, nothing is left."""
    text = escape(SECRET)
    shortest = len(escape(SECRET[:4]))
    cut = data.draw(st.integers(shortest, len(text)))

    assert scrub(f"Not good: {text[:cut]}", [SECRET]) == "Not good: [redacted]"


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@settings(deadline=None)
@given(
    secret=st.text(SPECIAL).map("sk-k".__add__) | st.text(min_size=1) | st.text(SPECIAL),
    before=st.text(SPECIAL),
    data=st.data(),
)
def test_a_scrubber(
    escape: Callable[[str], str], secret: str, before: str, data: st.DataObject
) -> None:
    """What is made for many texts does with each what `scrub` does, also where it is cut off."""
    text = escape(before + secret)
    text = text[: data.draw(st.integers(0, len(text)))]

    assert scrubber([secret])(text) == scrub(text, [secret])


@pytest.fixture
def promptly() -> Iterator[None]:
    """End a test that would take minutes, where the system can."""
    if hasattr(signal, "alarm"):
        signal.alarm(60)
    yield
    if hasattr(signal, "alarm"):
        signal.alarm(0)


@pytest.mark.usefixtures("promptly")
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param("k" * 40 + "x", id="one character"),
        pytest.param("k" * 9_000 + "x", id="long"),
        pytest.param("\\" * 8, id="backslashes"),
        pytest.param("\\" * 40 + "x", id="backslashes and one"),
        pytest.param("%" * 8, id="percent signs"),
        pytest.param("&#" * 4, id="entities"),
        pytest.param("0" * 8, id="zeros"),
        pytest.param("pässwörter", id="umlauts"),
        pytest.param("ä" * 20, id="all umlauts"),
        pytest.param('a%41\\u0041&lt;"', id="escapes"),
    ],
)
@pytest.mark.parametrize(
    "piece",
    [
        *("\\", "\\a", "\\u", "\\u0041", "\\u005c", "\\\\\\u00", "\\x", "%", "%41", "%5C", "&"),
        *("&#", "&#0", "&#65;", "&#92;", "&lt;", "k", "kx", "0", "ä", "\ufffd", "a\ufffd", "Ã"),
        *("\\u0041\\a%41&#65;\ufffd", SECRET, SECRET[:-1], SECRET[:5]),
    ],
    ids=ascii,
)
def test_a_long_text(piece: str, secret: str) -> None:
    """A text of 200,000 characters is done with at once, whatever stands there again and again."""
    scrubbed = scrub(f"{piece * (200_000 // len(piece))} {secret} ", [secret])

    assert scrubbed.endswith("[redacted] ")


@pytest.mark.usefixtures("promptly")
def test_a_long_number() -> None:
    """An entity of 200,000 digits is done with at once."""
    text = f"&#{'0' * 200_000}115;k-0123456789abcdef"

    assert scrub(text, [SECRET]) == "[redacted]"
    assert scrub(text.replace("&#", "&#x"), [SECRET]) == text.replace("&#", "&#x")


def test_a_request_reads_well() -> None:
    """A request is its method and its URL."""
    assert str(REQUEST) == "POST https://api.example/v1/models/"
