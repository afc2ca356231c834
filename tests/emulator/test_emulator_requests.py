"""Error responses in the words of Django REST Framework.

The expected texts are those of Django REST Framework 3.18 for the same requests.
"""

from __future__ import annotations

import codecs
import io
import json
import socket
import sys

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
def test_invalid_fields(
    client: httpx.Client, fields: dict[str, object], errors: dict[str, str]
) -> None:
    """The response has the errors of each invalid field."""
    body = {name: value for name, value in {"name": "x", **fields}.items() if value is not ...}

    response = post(client, json.dumps(body).encode())

    assert response.status_code == 400
    assert response.json() == {name: [error] for name, error in errors.items()}


@pytest.mark.parametrize(
    "given", [True, "", " ", "x", "1.5", "9e2", "0x384", "1,000", "\0", 1.5, 1e30, [], {}], ids=repr
)
def test_invalid_integers(client: httpx.Client, given: object) -> None:
    """A value that cannot be parsed as an integer is rejected."""
    response = client.post("/v1/models/", json={"name": "x", "max_token_count": given})

    assert response.status_code == 400
    assert response.json() == {"max_token_count": ["A valid integer is required."]}


def test_several_errors_of_a_field(client: httpx.Client) -> None:
    """All errors of a string are reported at once."""
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
def test_lenient_values(client: httpx.Client, field: str, given: object, kept: object) -> None:
    """Values that can be converted are accepted, and white space is trimmed."""
    assert create(client, **{field: given})[field] == kept


def test_patch_validates_given_fields(client: httpx.Client) -> None:
    """PATCH can omit the name, but not set it to null."""
    path = f"/v1/models/{create(client)['id']}/"

    assert client.patch(path, json={"max_token_count": 5}).status_code == 200
    response = client.patch(path, json={"name": None, "max_output_token_count": None})
    assert response.status_code == 400
    assert response.json() == {
        "name": ["This field may not be null."],
        "max_output_token_count": ["This field may not be null."],
    }


def test_put_requires_a_name(client: httpx.Client) -> None:
    """PUT requires the name."""
    response = client.put(f"/v1/models/{create(client)['id']}/", json={"url": None})

    assert response.status_code == 400
    assert response.json() == {"name": ["This field is required."]}


def test_verify_validates_fields(client: httpx.Client) -> None:
    """A verification is validated like a model."""
    body = {"api_key": "", "url": "", "max_output_token_count": 1}

    response = client.post("/v1/models/verify/", json=body)

    assert response.status_code == 400
    assert response.json() == {
        "model": ["This field is required."],
        "api_key": ["This field may not be blank."],
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
def test_body_is_not_an_object(client: httpx.Client, content: bytes, errors: str) -> None:
    """JSON other than an object is rejected."""
    response = post(client, content)

    assert response.status_code == 400
    assert response.json() == {"non_field_errors": [errors]}


# Python's own message.
TOO_DEEP = "Stack overflow" if sys.version_info >= (3, 14) else "maximum recursion depth exceeded"


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
        (b"[" * 200_000, TOO_DEEP),
        (b"9" * 5000, "Exceeds the limit (4300 digits) for integer string conversion"),
    ],
)
def test_body_is_not_json(client: httpx.Client, content: bytes, reason: str) -> None:
    """Invalid JSON is rejected with the position of the error."""
    response = post(client, content)

    assert response.status_code == 400
    assert response.json()["detail"].startswith(f"JSON parse error - {reason}")


def test_empty_body(client: httpx.Client) -> None:
    """An empty body is an empty object, whatever its media type."""
    response = post(client, b"", "text/plain")

    assert response.status_code == 400
    assert response.json() == {"name": ["This field is required."]}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain; charset=utf-8", "", "json", "application/vnd.api+json"],
)
def test_unsupported_media_types(client: httpx.Client, content_type: str) -> None:
    """A body with another media type than JSON is rejected."""
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
def test_charset(client: httpx.Client, charset: str, content: bytes) -> None:
    """A body is decoded with its charset, or as UTF-8 if the charset is unknown."""
    response = post(client, content, f"Application/JSON; charset={charset}")

    assert response.json()["name"] == "é"


@pytest.mark.parametrize("charset", ["bz2", "rot13", "undefined"])
def test_codec_that_is_no_charset(client: httpx.Client, charset: str) -> None:
    """A codec of Python that is not a text encoding is rejected."""
    response = post(client, b'{"name": "x"}', f"application/json; charset={charset}")

    assert response.status_code == 400
    text = f'Unsupported charset "{charset}" in request Content-Type header.'
    assert response.json() == {"detail": text}


def test_utf_16_without_byte_order_mark(client: httpx.Client) -> None:
    """UTF-16 without a byte order mark is rejected."""
    body = '{"name": "é"}'.encode("utf-16-le")
    # The text is Python's, and differs between versions.
    with pytest.raises(UnicodeError) as error:
        codecs.getreader("utf-16")(io.BytesIO(body)).read()

    response = post(client, body, "application/json; charset=utf-16")

    assert response.status_code == 400
    assert response.json() == {"detail": f"JSON parse error - {error.value}"}


@pytest.mark.parametrize("content_type", ["application/json;", "application/*", "*/json", "*/*"])
def test_media_ranges(client: httpx.Client, content_type: str) -> None:
    """A body with a media range that includes JSON is accepted."""
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
def test_method_not_allowed(client: httpx.Client, method: str, path: str, allow: str) -> None:
    """An unsupported method gets 405 with the allowed ones."""
    response = client.request(method, path)

    assert response.status_code == 405
    assert response.headers["Allow"] == allow
    if method != "HEAD":
        assert response.json() == {"detail": f'Method "{method}" not allowed.'}


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    """HEAD returns the headers of GET."""
    path = f"/v1/models/{create(client)['id']}/"

    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def field(kind: str, label: str, *, required: bool = False, **more: object) -> dict[str, object]:
    return {"type": kind, "required": required, "read_only": False, "label": label, **more}


# The description of a serializer with these fields by SimpleMetadata of Django REST Framework
# 3.18.
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
def test_options(
    client: httpx.Client, path: str, name: str, actions: dict[str, object] | None
) -> None:
    """OPTIONS describes the endpoint and the fields that the key can send."""
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


def test_options_for_read_only_key(server: Server) -> None:
    """OPTIONS omits the fields for a read-only key."""
    with connect(server, server.add_key(state="read-only")) as client:
        assert "actions" not in client.options("/v1/models/").json()


@pytest.mark.parametrize(
    ("format_", "accept", "status"),
    [("json", "*/*", 200), ("", "*/*", 200), ("xml", "*/*", 404), ("xml", "text/html", 404)],
)
def test_format_parameter(client: httpx.Client, format_: str, accept: str, status: int) -> None:
    """An unknown `format` in the query gets 404."""
    response = client.get("/v1/models/", params={"format": format_}, headers={"Accept": accept})

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
def test_accept(client: httpx.Client, accept: str, status: int) -> None:
    """A client that does not accept JSON gets 406."""
    response = client.get("/v1/models/", headers={"Accept": accept})

    assert response.status_code == status
    if status == 406:
        assert response.json() == {"detail": "Could not satisfy the request Accept header."}


def test_repeated_accept(client: httpx.Client) -> None:
    """`Accept` can be sent in several headers."""
    headers = [("Accept", "text/html"), ("Accept", "application/json")]
    with httpx.Client(base_url=client.base_url) as plain:
        response = plain.get("/v1/models/", headers=headers)

    # Not 406: only the key is rejected.
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
def test_unknown_ids(client: httpx.Client, method: str, id_: str, text: str) -> None:
    """An invalid or unknown id gets 404, and the body is not parsed."""
    response = client.request(method, f"/v1/models/{id_}/", content=b"{")

    assert response.status_code == 404
    assert response.json() == {"detail": text}


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Api-Key"}]
)
@pytest.mark.parametrize("method", ["GET", "TRACE", "OPTIONS"])
def test_missing_key(server: Server, method: str, headers: dict[str, str]) -> None:
    """Without a key every method gets 401."""
    response = httpx.request(method, f"{server.url}/v1/models/", headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Api-Key"
    assert response.json() == {"detail": "Authentication credentials were not provided."}


def test_unknown_key(server: Server) -> None:
    """An unknown key gets 401."""
    with connect(server, "wrong") as stranger:
        response = stranger.get("/v1/models/")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Api-Key"
    assert response.json() == {"detail": "Incorrect authentication credentials."}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/verify", "/v1/models/7"])
def test_missing_slash(client: httpx.Client, method: str, path: str) -> None:
    """A path without its final slash is redirected, for every method."""
    response = client.request(method, f"{path}?a=b%20c")

    assert response.status_code == 301
    assert response.headers["Location"] == f"{path}/?a=b%20c"
    assert response.content == b""


def test_redirect_escapes_like_django(client: httpx.Client) -> None:
    """The location of a redirect has the same characters unescaped as in Django."""
    response = client.get("/v1/models/a:@&+$,-_!~*'()%3B%3D%20%C3%A9")

    assert response.headers["Location"] == "/v1/models/a:@&+$,-_!~*'()%3B%3D%20%C3%A9/"


def test_redirect_without_query(client: httpx.Client) -> None:
    """A redirect without a query adds none."""
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
def test_unknown_paths(client: httpx.Client, path: str) -> None:
    """An unknown path gets 404 in HTML, as in Django."""
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/v1/models/", "/v1/models", "/v1/models/nope/", "/nowhere"])
def test_request_id(client: httpx.Client, path: str) -> None:
    """Every response has a unique request id."""
    ids = {client.get(path).headers["X-Request-Id"] for _ in range(2)}

    assert len(ids) == 2


def test_default_key_is_not_exposed(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A model's key is in no response, error or log."""
    secret = "sk-secret"
    caplog.set_level(0)

    responses = [
        client.post("/v1/models/", json={"name": "x", "default_key": secret}),
        client.post("/v1/models/", json={"name": "", "default_key": [secret]}),
        post(client, json.dumps({"default_key": secret}).encode()[:-1]),
        client.post("/v1/models/verify/", json={"model": "nope", "api_key": secret}),
    ]

    output = (
        "".join(response.text for response in responses) + caplog.text + "".join(capfd.readouterr())
    )
    assert secret not in output


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
def test_unusual_requests(server: Server, request_line: bytes, headers: bytes, status: int) -> None:
    """Unusual requests get a response or 400, and cause no error in the emulator."""
    authorization = f"Host: localhost\r\nAuthorization: Api-Key {server.add_key()}\r\n".encode()
    announced = b"Content-Type: application/json\r\nConnection: close\r\n"
    request = request_line + b"\r\n" + authorization + announced + headers + b"\r\n"
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(request + (BODY if request.startswith(b"POST") else b""))
        received = connection.recv(12)

    assert received == b"HTTP/1.1 %d" % status


def test_chunked_body(client: httpx.Client) -> None:
    """A body can be sent in chunks, without a length."""
    response = client.post(
        "/v1/models/",
        content=iter([BODY[:4], BODY[4:]]),
        headers={"Content-Type": "application/json"},
    )

    assert response.json()["name"] == "x"


def test_client_disconnects(server: Server, client: httpx.Client) -> None:
    """A client that disconnects during its body causes no change and no error."""
    request = (
        "POST /v1/models/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Api-Key {server.api_key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(request.encode())

    assert client.get("/v1/models/").status_code == 200


def post(
    client: httpx.Client, content: bytes, content_type: str = "application/json"
) -> httpx.Response:
    return client.post("/v1/models/", content=content, headers={"Content-Type": content_type})
