"""Errors for responses with an error status."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.status_errors import excerpt, status_error
from root.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    JSONValue,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestInfo,
    RootSignalsError,
    ServerError,
)

REQUEST = RequestInfo("POST", "https://api.example/v1/models/")
SECRET = "sk-0123456789abcdef"


def error_for(status: int, body: object) -> APIStatusError:
    """Return the error for a response; a body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status_error(REQUEST, status, content)


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (302, APIStatusError, ""),
        (400, BadRequestError, "Correct the request"),
        (401, AuthenticationError, "ROOTSIGNALS_API_KEY"),
        (403, PermissionDeniedError, "Check that the API key"),
        (404, NotFoundError, "Check the path: an ID is a UUID"),
        (405, APIStatusError, "The server does not have this operation."),
        (408, APIStatusError, ""),
        (409, ConflictError, "Check the existing objects"),
        (415, APIStatusError, ""),
        (418, APIStatusError, ""),
        (422, BadRequestError, "Correct the request"),
        (429, RateLimitError, "Slow down"),
        (500, ServerError, "Try again later"),
        (502, ServerError, "Try again later"),
        (503, ServerError, "Try again later"),
        (504, ServerError, "Try again later"),
        (599, ServerError, "Try again later"),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[APIStatusError], advice: str) -> None:
    """A status has its class, and a message with the request, the service's text and advice."""
    error = error_for(status, {"detail": "Not so."})

    assert type(error) is kind
    assert error.status_code == status
    assert error.request == REQUEST
    assert error.detail == "Not so."
    assert error.data == {"detail": "Not so."}
    assert str(error).startswith(f"POST https://api.example/v1/models/ returned {status}: Not so.")
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
        pytest.param({"name": "Bad."}, {"name": ["Bad."]}, "name: Bad.", id="string as a field"),
        pytest.param(
            {"provider": {"id": ["Bad."]}},
            {"provider": ['{"id": ["Bad."]}']},
            'provider: {"id": ["Bad."]}',
            id="nested",
        ),
        pytest.param({"name": [None, 5]}, {"name": ["null", "5"]}, "name: null 5", id="no text"),
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
    """Each form of Django REST Framework's errors gives the fields and the detail."""
    error = error_for(status, body)

    assert isinstance(error, BadRequestError)
    assert error.fields == fields
    assert error.detail == detail
    assert error.data == body
    if detail:
        assert f"returned {status}: {detail}" in str(error)
    else:
        assert f"returned {status}. Correct" in str(error)


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
        pytest.param(b"\xff\xfd", "\ufffd\ufffd", "\ufffd\ufffd", id="not UTF-8"),
        pytest.param("\ufeff<html>".encode(), "<html>", None, id="HTML after a byte order mark"),
        pytest.param("<html>".encode("utf-16"), "<html>", None, id="HTML in UTF-16"),
        pytest.param(
            b'{"detail": "cut o', '{"detail": "cut o', '{"detail": "cut o', id="truncated"
        ),
    ],
)
def test_bodies_that_are_not_json(body: bytes, text: str, detail: str | None) -> None:
    """A body that is not JSON is kept as text, and quoted unless it is a web page."""
    error = error_for(502, body)

    assert type(error) is ServerError
    assert error.body == text
    assert error.detail == detail
    quoted = f": {detail}" if detail else ""
    assert str(error) == (
        f"POST https://api.example/v1/models/ returned 502{quoted}."
        " The service has a problem. Try again later."
    )


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "application/json"),
        ("utf-8", "application/json; charset=latin-1"),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", "application/json"),
        ("utf-32", "application/json; charset=utf-32"),
        ("latin-1", "application/json; charset=ISO-8859-1"),
        ("latin-1", 'Application/JSON; Charset="latin1"'),
        ("cp1252", "application/json; charset=windows-1252"),
        ("shift_jis", "application/json; charset=Shift_JIS"),
    ],
)
def test_encodings(encoding: str, content_type: str | None) -> None:
    """An error has its fields and its detail in each encoding."""
    problem = "名前" if encoding == "shift_jis" else "Zu groß."
    body = json.dumps({"name": [problem]}, ensure_ascii=False).encode(encoding)

    error = status_error(REQUEST, 400, body, content_type=content_type)

    assert isinstance(error, BadRequestError)
    assert error.fields == {"name": [problem]}
    assert error.detail == f"name: {problem}"


@pytest.mark.parametrize("content_type", ["text/html; charset=idna", "text/html; charset=none"])
def test_an_unusable_charset(content_type: str) -> None:
    """A charset that does not exist, or is not one of texts, counts as UTF-8."""
    assert status_error(REQUEST, 500, "größer".encode(), content_type=content_type).body == "größer"


def test_text_in_its_charset() -> None:
    """A text of a proxy is decoded by its charset."""
    error = status_error(
        REQUEST, 502, "Zu groß.".encode("latin-1"), content_type="text/plain; charset=latin-1"
    )

    assert error.detail == "Zu groß."


def test_half_of_a_character() -> None:
    """An error with half of a character can be printed."""
    error = status_error(REQUEST, 400, rb'{"na\ud83dme": ["x\ud83d"]}')

    assert isinstance(error, BadRequestError)
    assert error.fields == {"na\ufffdme": ["x\ufffd"]}
    str(error).encode()


def test_a_large_body() -> None:
    """The first MiB of a large body is kept, and its first 200 characters are quoted."""
    error = error_for(500, b"x" * 10_000_000)

    assert error.body == "x" * 1024 * 1024
    assert error.detail == "x" * 200 + "..."
    assert len(str(error)) < 400


def test_a_large_field() -> None:
    """A long text on a field is kept in full, and the message stays short."""
    error = error_for(400, {"name": ["x" * 100_000]})

    assert isinstance(error, BadRequestError)
    assert error.fields == {"name": ["x" * 100_000]}
    assert len(str(error)) < 400


@pytest.mark.parametrize("depth", [10, 400, 900, 1_100, 100_000])
@pytest.mark.parametrize("name", ["detail", "name"])
def test_deep_json(depth: int, name: str) -> None:
    """The error for JSON of any depth can be copied and pickled."""
    body = f'{{"{name}": {"[" * depth}{"]" * depth}}}'.encode()

    error = status_error(REQUEST, 400, body)

    assert "returned 400" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(copy.deepcopy(error)) == str(error)


def test_a_number_of_too_many_digits() -> None:
    """A body with a number of more digits than Python parses is kept as text."""
    body = b'{"n": ' + b"9" * 5000 + b"}"

    assert error_for(500, body).body == body.decode()


def test_a_note_is_added_to_the_message() -> None:
    """A note is placed between the service's text and the advice."""
    error = status_error(REQUEST, 404, b'{"detail": "No"}', note="It redirects.")

    assert str(error) == (
        "POST https://api.example/v1/models/ returned 404: No. It redirects."
        " Check the path: an ID is a UUID, not a name, and the server may lack this operation."
    )


ID = "00000000-0000-4000-8000-000000000000"
CHECK_ID = (
    "Check the ID, and that this API key has access to it. The server may lack this operation."
)
CHECK_NAME = "Check the name, and that this API key has access to it."
NO_ID = "Check the path: an ID is a UUID, not a name, and the server may lack this operation."


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (f"evaluators/{ID}/", CHECK_ID),
        (f"judges/{ID}/refine/", CHECK_ID),
        (f"evaluators/calibrate/{ID}?a=b", CHECK_ID),
        ("evaluators/execute/by-name/?name=No", CHECK_NAME),
        (f"judges/execute/by-name/?name={ID}", CHECK_NAME),
        ("models/no-such-model/", NO_ID),
        ("evaluators/execute/Clarity/", NO_ID),
        ("execution-logs/set-tags/", NO_ID),
        (f"evaluators/?cursor={ID}", NO_ID),
    ],
)
def test_advice_for_what_is_not_found(path: str, advice: str) -> None:
    """The advice is about the ID, the name, or an operation that some servers do not have."""
    request = RequestInfo("POST", f"https://api.example/v1/{path}")

    assert str(status_error(request, 404, b"")) == f"{request} returned 404. {advice}"


@given(
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("detail"), inner),
    ).map(lambda value: json.dumps(value).encode()),
    status=st.integers(300, 599),
)
def test_any_body_has_an_error(body: bytes, status: int) -> None:
    """Whatever the body is, there is an error with the status, which can be pickled."""
    error = status_error(REQUEST, status, body)

    assert error.status_code == status
    assert f"returned {status}" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("one\n  two\tthree ", "one two three"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "..."),
    ],
    ids=["empty", "lines", "200 characters", "201 characters"],
)
def test_excerpt(text: str, expected: str) -> None:
    """An excerpt is one line of at most 200 characters."""
    assert excerpt(text) == expected


# Forms in which a server may echo a secret.
ECHOES: dict[str, Callable[[str], bytes]] = {
    "detail": lambda secret: json.dumps({"detail": f"{secret} is no key."}).encode(),
    "field": lambda secret: json.dumps({"default_key": [f"Bad: {secret}"]}).encode(),
    "field name": lambda secret: json.dumps({secret: ["No such field."]}).encode(),
    "list": lambda secret: json.dumps([secret, {"x": secret}]).encode(),
    "raw JSON": lambda secret: json.dumps({"detail": secret}, ensure_ascii=False).encode(),
    "HTML": lambda secret: f"<p>{secret}</p>".encode(),
    "text": lambda secret: f"Not a key: {secret}".encode(),
    "truncated JSON": lambda secret: f'{{"detail": "{secret}'.encode(),
}


def assert_redacted(secret: str, error: RootSignalsError) -> None:
    """Assert that nothing that an error shows or contains has the secret."""
    shown = [str(error), repr(error), repr(vars(error)), repr(error.args)]
    # A parsed body shows a string as it is only where it is printed as text.
    shown.append(json.dumps(error.data, ensure_ascii=False))
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
def test_an_echoed_secret_is_redacted(echo: Callable[[str], bytes], secret: str) -> None:
    """A secret that the server echoes is nowhere in the error."""
    error = status_error(REQUEST, 400, echo(secret), secrets=("other-secret", secret))

    assert_redacted(secret, error)
    assert "[redacted]" in json.dumps(error.data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le", "latin-1"])
@pytest.mark.parametrize("echo", ["detail", "HTML"])
def test_an_echo_in_another_encoding(echo: str, encoding: str) -> None:
    """A secret that the server echoes in another encoding is redacted."""
    secret = "pässwörter"
    body = ECHOES["raw JSON" if echo == "detail" else echo](secret).decode().encode(encoding)
    content_type = f"text/plain; charset={encoding.replace('-sig', '')}"

    error = status_error(REQUEST, 400, body, content_type=content_type, secrets=(secret,))

    assert_redacted(secret, error)


def test_a_secret_that_json_escapes_in_part() -> None:
    """A secret in JSON that escapes quotes but no umlauts, as Django's, is redacted."""
    secret = 'pä"sswörter'

    error = status_error(REQUEST, 400, ECHOES["raw JSON"](secret), secrets=(secret,))

    assert_redacted(secret, error)


def test_a_secret_that_the_server_has_stripped() -> None:
    """A secret is redacted without its surrounding white space, which Django strips, too."""
    error = status_error(REQUEST, 400, ECHOES["detail"](SECRET), secrets=(f" {SECRET}\n",))

    assert_redacted(SECRET, error)
