"""What is said to requests that are wrong, in Django REST Framework's words.

The expected texts are what Django REST Framework 3.18 answers, asked the same.
"""

from __future__ import annotations

import codecs
import io
import json
import socket

import httpx
import pytest

from root.emulator import Server

from .conftest import UNKNOWN, connect
from .test_emulator_models import create

LIST_METHODS = "GET, POST, HEAD, OPTIONS"
INSTANCE_METHODS = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


WRONG: list[tuple[dict[str, object], dict[str, str]]] = [
    ({"name": ...}, {"name": "This field is required."}),
    ({"name": None}, {"name": "This field may not be null."}),
    ({"name": ""}, {"name": "This field may not be blank."}),
    ({"name": " \t"}, {"name": "This field may not be blank."}),
    ({"name": "\u00a0"}, {"name": "This field may not be blank."}),
    ({"name": True}, {"name": "Not a valid string."}),
    ({"name": ["x"]}, {"name": "Not a valid string."}),
    ({"name": {}}, {"name": "Not a valid string."}),
    ({"name": "x" * 101}, {"name": "Ensure this field has no more than 100 characters."}),
    ({"name": "a\0b"}, {"name": "Null characters are not allowed."}),
    ({"name": "\ud800"}, {"name": "Surrogate characters are not allowed: U+D800."}),
    ({"model": ""}, {"model": "This field may not be blank."}),
    ({"model": None}, {"model": "This field may not be null."}),
    ({"default_key": ""}, {"default_key": "This field may not be blank."}),
    ({"default_key": True}, {"default_key": "Not a valid string."}),
    ({"default_key": "\0"}, {"default_key": "Null characters are not allowed."}),
    ({"url": False}, {"url": "Not a valid string."}),
    ({"url": "x" * 1025}, {"url": "Ensure this field has no more than 1024 characters."}),
    (
        {"max_output_token_count": None},
        {"max_output_token_count": "This field may not be null."},
    ),
    (
        {"max_output_token_count": 799},
        {"max_output_token_count": "Ensure this value is greater than or equal to 800."},
    ),
    (
        {"max_output_token_count": "9" * 1001},
        {"max_output_token_count": "String value too large."},
    ),
    (
        {"max_token_count": -1},
        {"max_token_count": "Ensure this value is greater than or equal to 0."},
    ),
    (
        {"max_token_count": 2147483648},
        {"max_token_count": "Ensure this value is less than or equal to 2147483647."},
    ),
    (
        {"name": None, "model": True, "max_token_count": "x", "url": []},
        {
            "name": "This field may not be null.",
            "model": "Not a valid string.",
            "max_token_count": "A valid integer is required.",
            "url": "Not a valid string.",
        },
    ),
]


@pytest.mark.parametrize(("fields", "errors"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_fields_are_named(
    client: httpx.Client, fields: dict[str, object], errors: dict[str, str]
) -> None:
    """Every wrong field of a model is answered with what is wrong with it."""
    body = {name: value for name, value in {"name": "x", **fields}.items() if value is not ...}

    response = post(client, json.dumps(body).encode())

    assert response.status_code == 400
    assert response.json() == {name: [error] for name, error in errors.items()}


@pytest.mark.parametrize(
    "given", [True, "", " ", "x", "1.5", "9e2", "0x384", "1,000", "\0", 1.5, 1e30, [], {}], ids=repr
)
def test_what_is_no_integer(client: httpx.Client, given: object) -> None:
    """What does not read as an integer is none."""
    response = client.post("/v1/models/", json={"name": "x", "max_token_count": given})

    assert response.status_code == 400
    assert response.json() == {"max_token_count": ["A valid integer is required."]}


def test_a_field_may_be_wrong_in_several_ways(client: httpx.Client) -> None:
    """All that is wrong with a string is said at once."""
    response = post(client, json.dumps({"name": "x" * 100 + "\0\udfff"}).encode())

    assert response.json() == {
        "name": [
            "Ensure this field has no more than 100 characters.",
            "Null characters are not allowed.",
            "Surrogate characters are not allowed: U+DFFF.",
        ]
    }


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("name", "  x  ", "x"),
        ("name", 5, "5"),
        ("name", 1.5, "1.5"),
        ("name", 0, "0"),
        ("name", -0.0, "-0.0"),
        ("name", "\x1c x \x85", "x"),
        ("name", "x\ny", "x\ny"),
        ("name", "\u200b", "\u200b"),
        pytest.param("name", "é" * 100, "é" * 100, id="longest"),
        ("url", "", ""),
        ("url", " ", ""),
        ("url", None, None),
        ("max_output_token_count", "900", 900),
        ("max_output_token_count", " 900 ", 900),
        ("max_output_token_count", "901.0", 901),
        ("max_output_token_count", "900.", 900),
        ("max_output_token_count", "+900", 900),
        ("max_output_token_count", "9_00", 900),
        ("max_output_token_count", "٩٠٠", 900),
        ("max_output_token_count", "0" * 990 + "900", 900),
        ("max_output_token_count", 900.0, 900),
        ("max_token_count", 0, 0),
        ("max_token_count", "-0", 0),
        ("max_token_count", -0.0, 0),
        ("max_token_count", 2147483647, 2147483647),
        ("max_token_count", None, None),
    ],
)
def test_values_are_read_leniently(
    client: httpx.Client, field: str, given: object, kept: object
) -> None:
    """What means a string or an integer is taken for one, trimmed of white space."""
    assert create(client, **{field: given})[field] == kept


def test_patch_requires_nothing_and_checks_what_it_gets(client: httpx.Client) -> None:
    """PATCH may leave a name out, but not clear it."""
    path = f"/v1/models/{create(client)['id']}/"

    assert client.patch(path, json={"max_token_count": 5}).status_code == 200
    response = client.patch(path, json={"name": None, "max_output_token_count": None})
    assert response.status_code == 400
    assert response.json() == {
        "name": ["This field may not be null."],
        "max_output_token_count": ["This field may not be null."],
    }


def test_put_requires_a_name(client: httpx.Client) -> None:
    """PUT is the whole model."""
    response = client.put(f"/v1/models/{create(client)['id']}/", json={"url": None})

    assert response.status_code == 400
    assert response.json() == {"name": ["This field is required."]}


def test_verify_names_wrong_fields(client: httpx.Client) -> None:
    """A verification is checked like a model."""
    body = {"api_key": None, "url": "", "max_output_token_count": 1}

    response = client.post("/v1/models/verify/", json=body)

    assert response.status_code == 400
    assert response.json() == {
        "model": ["This field is required."],
        "api_key": ["This field may not be null."],
        "url": ["This field may not be blank."],
        "max_output_token_count": ["Ensure this value is greater than or equal to 800."],
    }


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (b"[]", "Invalid data. Expected a dictionary, but got list."),
        (b'"x"', "Invalid data. Expected a dictionary, but got str."),
        (b"1", "Invalid data. Expected a dictionary, but got int."),
        (b"1.5", "Invalid data. Expected a dictionary, but got float."),
        (b"true", "Invalid data. Expected a dictionary, but got bool."),
        (b"null", "No data provided"),
    ],
)
def test_a_body_is_an_object(client: httpx.Client, content: bytes, errors: str) -> None:
    """Other JSON than an object is no model."""
    response = post(client, content)

    assert response.status_code == 400
    assert response.json() == {"non_field_errors": [errors]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b" ", "Expecting value: line 1 column 2 (char 1)"),
        (b"{} x", "Extra data: line 1 column 4 (char 3)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b'{"name":NaN}', "Out of range float values are not JSON compliant: 'NaN'"),
        (
            b"\xef\xbb\xbf{}",
            "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
        ),
        (b"[" * 200_000, "maximum recursion depth exceeded"),
        (b"9" * 5000, "Exceeds the limit (4300 digits) for integer string conversion"),
    ],
)
def test_a_body_is_json(client: httpx.Client, content: bytes, reason: str) -> None:
    """What is no JSON is answered with where it stops being so."""
    response = post(client, content)

    assert response.status_code == 400
    assert response.json()["detail"].startswith(f"JSON parse error - {reason}")


def test_no_body_is_an_empty_object(client: httpx.Client) -> None:
    """A request without a body lacks the name, whatever type it announces."""
    response = post(client, b"", "text/plain")

    assert response.status_code == 400
    assert response.json() == {"name": ["This field is required."]}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain; charset=utf-8", "", "json", "application/vnd.api+json"],
)
def test_other_media_types_are_not_read(client: httpx.Client, content_type: str) -> None:
    """A body that is not announced as JSON is refused."""
    response = post(client, b'{"name": "x"}', content_type)

    assert response.status_code == 415
    assert response.json() == {"detail": f'Unsupported media type "{content_type}" in request.'}


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("latin-1", b'{"name": "\xe9"}'),
        ("UTF-8", b'{"name": "\xc3\xa9"}'),
        ("utf-16", '{"name": "é"}'.encode("utf-16")),
        ("nonsense", b'{"name": "\xc3\xa9"}'),
    ],
)
def test_charset_is_heeded(client: httpx.Client, charset: str, content: bytes) -> None:
    """A body is read in the charset it announces, and in UTF-8 if there is none such."""
    response = post(client, content, f"Application/JSON; charset={charset}")

    assert response.json()["name"] == "é"


@pytest.mark.parametrize("charset", ["bz2", "rot13", "undefined"])
def test_charset_is_one_of_text(client: httpx.Client, charset: str) -> None:
    """A charset that Python knows, but not for text, is refused."""
    response = post(client, b'{"name": "x"}', f"application/json; charset={charset}")

    assert response.status_code == 400
    text = f'Unsupported charset "{charset}" in request Content-Type header.'
    assert response.json() == {"detail": text}


def test_utf_16_has_a_mark(client: httpx.Client) -> None:
    """UTF-16 that does not say which of its two orders it has is no JSON."""
    body = '{"name": "é"}'.encode("utf-16-le")
    # Django REST Framework says what Python says, and each version says it otherwise.
    with pytest.raises(UnicodeError) as error:
        codecs.getreader("utf-16")(io.BytesIO(body)).read()

    response = post(client, body, "application/json; charset=utf-16")

    assert response.status_code == 400
    assert response.json() == {"detail": f"JSON parse error - {error.value}"}


@pytest.mark.parametrize("content_type", ["application/json;", "application/*", "*/json", "*/*"])
def test_media_ranges_are_read(client: httpx.Client, content_type: str) -> None:
    """A body that may be JSON, by what it is announced as, is read as that."""
    assert post(client, b'{"name": "x"}', content_type).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/models/", LIST_METHODS),
        ("DELETE", "/v1/models/", LIST_METHODS),
        ("TRACE", "/v1/models/", LIST_METHODS),
        ("POST", f"/v1/models/{UNKNOWN}/", INSTANCE_METHODS),
        ("GET", "/v1/models/verify/", "POST, OPTIONS"),
        ("HEAD", "/v1/models/verify/", "POST, OPTIONS"),
        ("DELETE", "/v1/models/verify/", "POST, OPTIONS"),
    ],
)
def test_other_methods_are_not_allowed(
    client: httpx.Client, method: str, path: str, allow: str
) -> None:
    """A method that an address does not have is answered with those that it has."""
    response = client.request(method, path)

    assert response.status_code == 405
    assert response.headers["Allow"] == allow
    if method != "HEAD":
        assert response.json() == {"detail": f'Method "{method}" not allowed.'}


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    """HEAD answers with the headers that GET would have."""
    path = f"/v1/models/{create(client)['id']}/"

    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def field(kind: str, label: str, *, required: bool = False, **more: object) -> dict[str, object]:
    return {"type": kind, "required": required, "read_only": False, "label": label, **more}


# As a serializer of Django REST Framework 3.18 with these fields is described by its
# SimpleMetadata.
COUNT = field("integer", "Max output token count", min_value=800, max_value=2147483647)
FIELDS = {
    "id": field("string", "Id") | {"read_only": True},
    "name": field("string", "Name", required=True, max_length=100),
    "model": field("string", "Model"),
    "default_key": field("string", "Default key"),
    "max_output_token_count": COUNT,
    "max_token_count": field("integer", "Max token count", min_value=0, max_value=2147483647),
    "url": field("string", "Url", max_length=1024),
}
VERIFIED = {
    "model": field("string", "Model", required=True),
    "api_key": field("string", "Api key"),
    "url": field("string", "Url"),
    "max_output_token_count": COUNT,
}


@pytest.mark.parametrize(
    ("path", "name", "actions"),
    [
        ("", "Model List", {"POST": FIELDS}),
        ("verify/", "Verify", {"POST": VERIFIED}),
        ("{own}/", "Model Instance", {"PUT": FIELDS}),
        ("{public}/", "Model Instance", None),
        (f"{UNKNOWN}/", "Model Instance", None),
    ],
)
def test_options_describes_the_address(
    client: httpx.Client, path: str, name: str, actions: dict[str, object] | None
) -> None:
    """OPTIONS says what an address takes and gives, and what the key may send there."""
    ids = {"own": create(client)["id"]}
    ids["public"] = client.get("/v1/models/?ordering=created_at").json()["results"][0]["id"]
    response = client.options(f"/v1/models/{path.format(**ids)}")

    assert response.status_code == 200
    assert response.json() == {
        "name": name,
        "description": "",
        "renders": ["application/json"],
        "parses": ["application/json"],
        **({"actions": actions} if actions else {}),
    }


def test_options_for_a_key_that_sends_nothing(server: Server) -> None:
    """OPTIONS does not describe to a read-only key what it may not send."""
    with connect(server, server.add_key(state="read-only")) as client:
        assert "actions" not in client.options("/v1/models/").json()


@pytest.mark.parametrize(
    ("asked", "accept", "status"),
    [("json", "*/*", 200), ("", "*/*", 200), ("xml", "*/*", 404), ("xml", "text/html", 404)],
)
def test_a_format_is_asked_for(client: httpx.Client, asked: str, accept: str, status: int) -> None:
    """A form that the API does not have is not found, whatever the client takes."""
    response = client.get("/v1/models/", params={"format": asked}, headers={"Accept": accept})

    assert response.status_code == status
    assert status == 200 or response.json() == {"detail": "Not found."}


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("text/html, application/*;q=0.5", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("*/json", 200),
        ("*", 406),
        ("application/json+x", 406),
        ("text/html", 406),
        ("", 406),
    ],
)
def test_answers_are_json(client: httpx.Client, accept: str, status: int) -> None:
    """A client that does not take JSON is told that there is nothing else."""
    response = client.get("/v1/models/", headers={"Accept": accept})

    assert response.status_code == status
    if status == 406:
        assert response.json() == {"detail": "Could not satisfy the request Accept header."}


def test_accept_may_come_in_parts(client: httpx.Client) -> None:
    """What a client takes may be in several headers."""
    headers = [("Accept", "text/html"), ("Accept", "application/json")]
    with httpx.Client(base_url=client.base_url) as plain:
        response = plain.get("/v1/models/", headers=headers)

    # Not 406: it got as far as the key.
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("nope", "Not found."),
        ("123", "Not found."),
        (UNKNOWN, "No Model matches the given query."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_unknown_ids_are_not_found(client: httpx.Client, method: str, id_: str, text: str) -> None:
    """An id that is none, or nobody's, is not found, and the body is not looked at."""
    response = client.request(method, f"/v1/models/{id_}/", content=b"{")

    assert response.status_code == 404
    assert response.json() == {"detail": text}


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Api-Key"}]
)
@pytest.mark.parametrize("method", ["GET", "TRACE", "OPTIONS"])
def test_no_key(server: Server, method: str, headers: dict[str, str]) -> None:
    """Without a key nothing is answered, not even that the method is wrong."""
    response = httpx.request(method, f"{server.url}/v1/models/", headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Api-Key"
    assert response.json() == {"detail": "Authentication credentials were not provided."}


def test_wrong_key(server: Server) -> None:
    """A key that was never let in may do nothing."""
    with connect(server, "wrong") as stranger:
        response = stranger.get("/v1/models/")

    assert response.status_code == 403
    assert response.json() == {"detail": "You do not have permission to perform this action."}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/verify", "/v1/models/7"])
def test_a_missing_slash_is_a_redirect(client: httpx.Client, method: str, path: str) -> None:
    """Without its last slash an address leads to the one with it, for every method."""
    response = client.request(method, f"{path}?a=b%20c")

    assert response.status_code == 301
    assert response.headers["Location"] == f"{path}/?a=b%20c"
    assert response.content == b""


def test_a_redirect_keeps_the_path(client: httpx.Client) -> None:
    """In the address that it names are the characters that Django leaves there."""
    response = client.get("/v1/models/a:@&+$,-_!~*'()%3B%3D%20%C3%A9")

    assert response.headers["Location"] == "/v1/models/a:@&+$,-_!~*'()%3B%3D%20%C3%A9/"


def test_a_redirect_adds_no_query(client: httpx.Client) -> None:
    """Where no query was, none comes."""
    assert client.get("/v1/models").headers["Location"] == "/v1/models/"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/v1/",
        "/v1/models//",
        "/v1/models/a/b/",
        "/v1/models/a.b/",
        "/v1/models/a.b",
        "/v2/models",
    ],
)
def test_nothing_elsewhere(client: httpx.Client, path: str) -> None:
    """An address that the service does not have is answered in HTML, as Django does."""
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/v1/models/", "/v1/models", "/v1/models/nope/", "/nowhere"])
def test_every_answer_has_an_id(client: httpx.Client, path: str) -> None:
    """Every answer has an id of its own, whatever it is."""
    ids = {client.get(path).headers["X-Request-Id"] for _ in range(2)}

    assert len(ids) == 2


def test_default_key_stays_unseen(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A model's key is in no answer, not to a wrong request either, and in no log."""
    secret = "sk-secret"
    caplog.set_level(0)

    answers = [
        client.post("/v1/models/", json={"name": "x", "default_key": secret}),
        client.post("/v1/models/", json={"name": "", "default_key": [secret]}),
        post(client, json.dumps({"default_key": secret}).encode()[:-1]),
        client.post("/v1/models/verify/", json={"model": "nope", "api_key": secret}),
    ]

    said = "".join(answer.text for answer in answers) + caplog.text + "".join(capfd.readouterr())
    assert secret not in said


BODY = b'{"name": "x"}'


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /v1/models/?cursor=%ff%00 HTTP/1.1", b"", 404),
        (b"GET /v1/models/?page_size=%zz&%=1&=&&x HTTP/1.1", b"", 200),
        (b"GET /v1/models/?cursor=cD0lZWQlYTAlODAmaT0x&ordering=name HTTP/1.1", b"", 200),
        (b"GET /v1/models/?" + b"x" * 50_000 + b" HTTP/1.1", b"", 200),
        (b"GET /v1/models/?\xff HTTP/1.1", b"", 400),
        (b"GET /v1/models/%00%ff/ HTTP/1.1", b"", 404),
        (b"GET /v1/models/\0/ HTTP/1.1", b"", 400),
        (b"GET /v1/models/ HTTP/1.1", b"Accept: \xff\r\n", 406),
        (b"OPTIONS * HTTP/1.1", b"", 404),
        (b"POST /v1/models/ HTTP/1.1", b"Content-Length: 13\r\n", 201),
        (b"POST /v1/models/ HTTP/1.1", b"Content-Length: 13\r\nContent-Length: 13\r\n", 201),
        (b"POST /v1/models/ HTTP/1.1", b"Content-Length: 13\r\nContent-Length: 12\r\n", 400),
        (b"POST /v1/models/ HTTP/1.1", b"Content-Length: -1\r\n", 400),
        (b"POST /v1/models/ HTTP/1.1", b"Transfer-Encoding: gzip\r\n", 400),
    ],
    ids=[str(number) for number in range(14)],
)
def test_odd_requests(server: Server, request_line: bytes, headers: bytes, status: int) -> None:
    """What hardly any client says is answered, or is a bad request, and never an error here."""
    authorization = f"Host: x\r\nAuthorization: Api-Key {server.add_key()}\r\n".encode()
    announced = b"Content-Type: application/json\r\nConnection: close\r\n"
    request = request_line + b"\r\n" + authorization + announced + headers + b"\r\n"
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(request + (BODY if request.startswith(b"POST") else b""))
        answer = connection.recv(12)

    assert answer == b"HTTP/1.1 %d" % status


def test_a_body_in_chunks(client: httpx.Client) -> None:
    """A body may come in pieces, with no length said before."""
    response = client.post(
        "/v1/models/",
        content=iter([BODY[:4], BODY[4:]]),
        headers={"Content-Type": "application/json"},
    )

    assert response.json()["name"] == "x"


def test_a_client_that_hangs_up(server: Server, client: httpx.Client) -> None:
    """A client that goes away in the middle of its body leaves the emulator as it was."""
    request = (
        f"POST /v1/models/ HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {server.api_key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(request.encode())

    assert client.get("/v1/models/").status_code == 200


def post(
    client: httpx.Client, content: bytes, content_type: str = "application/json"
) -> httpx.Response:
    return client.post("/v1/models/", content=content, headers={"Content-Type": content_type})
