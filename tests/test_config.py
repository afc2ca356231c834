"""What a client is told: where each setting is looked for, and what is refused."""

from __future__ import annotations

import math
import os
import pickle
import platform
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import idna
import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from root.__about__ import __version__
from root._config import (
    API_KEY,
    API_URL,
    DEFAULT_URL,
    Config,
    call_deadline,
    changed,
    check_key,
    resolve,
    seconds,
)
from root._defaults import NOT_GIVEN
from root._dotenv import read_dotenv
from root.errors import ConfigurationError, InvalidRequestError

KEY = "key-of-the-argument"
OTHER_KEY = "key-of-the-environment"
FILE_KEY = "key-of-the-file"

# Mostly what is wrong on purpose, so any type goes.
Settings = Any


def made(**given: Settings) -> Config:
    """Return the settings of a client that was given these."""
    usual: dict[str, Settings] = {
        "api_key": KEY,
        "base_url": None,
        "timeout": 30.0,
        "deadline": None,
        "max_retries": 2,
        "max_connections": 100,
        "max_response_bytes": 2**26,
        "default_headers": None,
    }
    return resolve(**{**usual, **given})


def modified(config: Config, **given: Settings) -> Config:
    """Return the settings of a copy of a client."""
    unchanged: dict[str, Settings] = dict.fromkeys(
        ("timeout", "deadline", "max_retries", "default_headers", "api_key"), NOT_GIVEN
    )
    return changed(config, **{**unchanged, **given})


def write_dotenv(text: str | bytes) -> None:
    Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())


# The key


@pytest.mark.parametrize(
    ("argument", "variable", "file", "found"),
    [
        pytest.param(KEY, OTHER_KEY, FILE_KEY, KEY, id="argument first"),
        pytest.param(KEY, None, None, KEY, id="argument alone"),
        pytest.param(None, OTHER_KEY, FILE_KEY, OTHER_KEY, id="then the environment"),
        pytest.param(None, OTHER_KEY, None, OTHER_KEY, id="environment alone"),
        pytest.param(None, None, FILE_KEY, FILE_KEY, id="then the file"),
        pytest.param(None, "", FILE_KEY, FILE_KEY, id="empty variable"),
        pytest.param(None, " \t\n", FILE_KEY, FILE_KEY, id="blank variable"),
        pytest.param(f"  {KEY}\n", None, None, KEY, id="white space around the argument"),
        pytest.param(None, f"\t{OTHER_KEY} \r\n", None, OTHER_KEY, id="around the variable"),
        pytest.param(None, None, f"'  {FILE_KEY} '", FILE_KEY, id="around the file's value"),
        pytest.param("two words", None, None, "two words", id="blank inside"),
    ],
)
def test_where_the_key_is_found(
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    variable: str | None,
    file: str | None,
    found: str,
) -> None:
    """The argument comes before the environment, which comes before `.env`; blank is unset."""
    if variable is not None:
        monkeypatch.setenv(API_KEY, variable)
    if file is not None:
        write_dotenv(f"{API_KEY}={file}\n")

    config = made(api_key=argument)

    assert config.api_key == found
    assert config.key_is_given is (argument is not None)


@pytest.mark.parametrize(
    "file",
    [None, "", "OTHER=x\n", f"{API_KEY}=\n", f"{API_KEY}=' '\n", f"#{API_KEY}=x\n", API_KEY],
    ids=["none", "empty", "another name", "empty value", "blank value", "comment", "name alone"],
)
@pytest.mark.parametrize("variable", [None, "", "  "], ids=["unset", "empty", "blank"])
def test_no_key_names_all_places(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, file: str | None
) -> None:
    """Where there is no key, the error names the three places that it could be in."""
    if variable is not None:
        monkeypatch.setenv(API_KEY, variable)
    if file is not None:
        write_dotenv(file)

    with pytest.raises(ConfigurationError) as error:
        made(api_key=None)

    for place in ("RootSignals(api_key=...)", "environment variable ROOTSIGNALS_API_KEY", ".env"):
        assert place in str(error.value)


BAD_KEYS = {
    "line break": "secret-0\nsecret-1",
    "carriage return": "secret-0\rsecret-1",
    "header injection": "secret-0\r\nX-Evil: secret-1",
    "tab": "secret-0\tsecret-1",
    "escape": "secret-0\x1b[0msecret-1",
    "delete": "secret-0\x7fsecret-1",
    "umlaut": "secret-0-ü-secret-1",
    "long dash": "secret-0\N{EN DASH}secret-1",
    "no-break space": "secret-0\xa0secret-1",
    "zero-width space": "secret-0\u200b",
    "byte order mark": "\ufeffsecret-0",
    "no UTF-8": "secret-0\udcff",
}


@pytest.mark.parametrize(
    ("place", "key"),
    [
        pytest.param(place, key, id=f"{name} in {place}")
        for name, key in BAD_KEYS.items()
        for place in ("argument", "environment", ".env")
        # A file that is no UTF-8 is refused as a whole.
        if (name, place) != ("no UTF-8", ".env")
    ],
)
def test_keys_that_no_header_takes(monkeypatch: pytest.MonkeyPatch, place: str, key: str) -> None:
    """A key that no header takes is refused with its place, and is not shown."""
    argument = None
    if place == "argument":
        argument = key
    elif place == "environment":
        monkeypatch.setenv(API_KEY, key)
    else:
        write_dotenv(f'{API_KEY}="{key}"\n')

    with pytest.raises(ConfigurationError, match="no HTTP header takes") as error:
        made(api_key=argument)

    assert place in str(error.value)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(error.value.__context__)


def test_a_zero_byte_is_refused() -> None:
    """A zero byte is no part of a key, and the key is not shown."""
    with pytest.raises(ConfigurationError, match="no HTTP header takes") as error:
        made(api_key="secret\0")

    assert "secret" not in str(error.value)


@pytest.mark.parametrize("key", ["", " ", "\n"], ids=["empty", "blank", "line break"])
def test_an_empty_argument_is_no_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """An empty key as an argument is refused: nobody gives one on purpose."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)

    with pytest.raises(ConfigurationError, match="The api_key argument is empty"):
        made(api_key=key)


@pytest.mark.parametrize("key", [b"secret", 5, True, ["secret"]], ids=repr)
def test_a_key_is_a_string(key: object) -> None:
    """A key of another type is refused by the type's name, and is not shown."""
    with pytest.raises(ConfigurationError, match=type(key).__name__) as error:
        made(api_key=key)

    assert "secret" not in str(error.value)


def test_a_function_is_not_asked_yet() -> None:
    """A function that knows the key is kept, and asked when a request is made."""

    def key() -> str:
        raise AssertionError("asked too early")

    config = made(api_key=key)

    assert config.api_key is key
    assert config.key_is_given


@pytest.mark.parametrize(
    ("key", "says"), [("", "empty"), ("a\nb", "line break"), (None, "NoneType"), (b"x", "bytes")]
)
def test_check_key_names_the_source(key: object, says: str) -> None:
    """What a key's function returns is checked in its name."""
    with pytest.raises(ConfigurationError, match=f"^What it returns .*{says}"):
        check_key(key, "What it returns")


@given(key=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_any_visible_ascii_is_a_key(key: str) -> None:
    """Every string of visible ASCII is taken as it is."""
    assert check_key(key, "It") == key


@given(key=st.text())
def test_any_key_is_header_safe_or_refused(key: str) -> None:
    """A key that is taken is printable ASCII without blanks around it."""
    try:
        taken = check_key(key, "It")
    except ConfigurationError:
        return

    assert taken.isascii()
    assert taken.isprintable()
    assert taken == taken.strip() != ""


# The file


DOTENV_FILES = {
    "bare": f"{API_KEY}=abc",
    "line break after": f"{API_KEY}=abc\n",
    "export": f"export {API_KEY}=abc",
    "export and tab": f"export\t{API_KEY}=abc",
    "export glued on": f"export{API_KEY}=abc",
    "blanks around the sign": f"{API_KEY}  =   abc  ",
    "indented": f"   {API_KEY}=abc",
    "after empty lines": f"\n\n\t\n{API_KEY}=abc",
    "double quotes": f'{API_KEY}="abc"',
    "single quotes": f"{API_KEY}='abc'",
    "quotes inside": f"{API_KEY}=a'b\"c",
    "blanks in quotes": f'{API_KEY}=" abc "',
    "comment": f"{API_KEY}=abc # my key",
    "comment after quotes": f'{API_KEY}="abc"# my key',
    "comment sign inside": f"{API_KEY}=abc#def",
    "comment sign first": f"{API_KEY}=#abc",
    "comment alone": f"{API_KEY}= # my key",
    "comment sign in quotes": f"{API_KEY}='abc # def'",
    "commented out": f"# {API_KEY}=abc",
    "quoted name": f"'{API_KEY}'=abc",
    "equals signs": f"{API_KEY}=abc==",
    "empty": f"{API_KEY}=",
    "empty quotes": f'{API_KEY}=""',
    "name alone": f"{API_KEY}\nOTHER=x",
    "twice": f"{API_KEY}=abc\n{API_KEY}=def",
    "twice, the second empty": f"{API_KEY}=abc\n{API_KEY}=",
    "twice, the second without a sign": f"{API_KEY}=abc\n{API_KEY}",
    "longer name": f"{API_KEY}_2=abc\nMY_{API_KEY}=def",
    "lower case": f"{API_KEY.lower()}=abc",
    "other lines": f"A=1\nB='2'\n{API_KEY}=abc\nC=3",
    "Windows line breaks": f"A=1\r\n{API_KEY}=abc\r\nC=3\r\n",
    "old Mac line breaks": f"A=1\r{API_KEY}=abc\rC=3\r",
    "escapes in double quotes": f'{API_KEY}="a\\"b\\\\c\\$d"',
    "escapes in single quotes": f"{API_KEY}='a\\'b\\\\c\\nd'",
    "escapes without quotes": f"{API_KEY}=a\\nb\\'c",
    "rubbish after quotes": f'{API_KEY}="abc" def',
    "open double quote": f'{API_KEY}="abc',
    "open single quote": f"{API_KEY}='abc\nOTHER=x",
    "variable": f"DOTENV_A=abc\n{API_KEY}=x${{DOTENV_A}}y",
    "variable in single quotes": f"DOTENV_A=abc\n{API_KEY}='x${{DOTENV_A}}'",
    "variable that comes later": f"{API_KEY}=x${{DOTENV_A}}\nDOTENV_A=abc",
    "variable with a default": f"{API_KEY}=${{DOTENV_A:-abc}}",
    "variable that is set, with a default": f"DOTENV_A=\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without a value": f"DOTENV_A\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without braces": f"DOTENV_A=abc\n{API_KEY}=$DOTENV_A",
    "variable that is nowhere": f"{API_KEY}=x${{DOTENV_A}}",
    "value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo"\n{API_KEY}=abc',
    "rubbish after a value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo" rubbish',
    "rubbish, then the key": f"rubbish\n{API_KEY}=abc",
    "odd line, then the key": f"=x\n{API_KEY}=abc",
    "open quote, then the key": f"OTHER='abc\n{API_KEY}=abc",
    "open quote, closed by the key's": f"OTHER='abc\n{API_KEY}='abc'",
    "quoted name over two lines": f"'\n{API_KEY}=abc'def",
    "YAML": f"{API_KEY}: abc",
    "byte order mark": f"\ufeff{API_KEY}=abc",
    "umlauts elsewhere": f"NAME=Jürgen\n{API_KEY}=abc",
    "no-break space around": f"{API_KEY}\xa0=\xa0abc\xa0",
}


def found_in_file() -> str:
    """Return the key that `.env` gives a client, or "" if it gives none."""
    try:
        config = made(api_key=None)
    except ConfigurationError as error:
        if "No API key was found" not in str(error):
            raise
        return ""
    assert isinstance(config.api_key, str)
    return config.api_key


@pytest.mark.parametrize("text", DOTENV_FILES.values(), ids=DOTENV_FILES)
def test_dotenv_is_read_as_python_dotenv_reads_it(text: str) -> None:
    """The key in `.env` is the one that python-dotenv finds there."""
    write_dotenv(text)

    assert found_in_file() == (dotenv_values(".env").get(API_KEY) or "").strip()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{API_KEY}=abc # my key\n", "abc"),
        (f'export {API_KEY}="abc"', "abc"),
        (f"\ufeff{API_KEY}='abc'\r\n", "abc"),
        (f"DOTENV_A=b\n{API_KEY}=a${{DOTENV_A}}${{DOTENV_B:-c}}", "abc"),
    ],
    ids=["comment", "export", "Windows", "variables"],
)
def test_dotenv(text: str, key: str) -> None:
    """Quotes, `export`, comments, variables and a byte order mark are what they usually are."""
    write_dotenv(text)

    assert found_in_file() == key


def test_the_environment_fills_variables_in_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in `.env` is the environment's before it is the file's, as the key itself is."""
    monkeypatch.setenv("DOTENV_A", "environment")
    write_dotenv(f"DOTENV_A=file\n{API_KEY}=${{DOTENV_A}}")

    assert found_in_file() == "environment"


VALUES = st.one_of(
    st.text("ab'\"\\#$={} -", max_size=6),
    st.lists(
        st.sampled_from(["a", "b", "'", '"', "\\", "\\n", " # c", "#", "${A}", "${A:-b}", "\n"]),
        max_size=5,
    ).map("".join),
)
QUOTED = st.tuples(VALUES, st.sampled_from(["{}", "'{}'", '"{}"'])).map(
    lambda pair: pair[1].replace("{}", pair[0])
)
LINES = st.one_of(
    st.tuples(
        st.sampled_from(["", "", " ", "\t", "export ", "export \t", "# "]),
        st.sampled_from([API_KEY, API_KEY, f"'{API_KEY}'", "A", f"{API_KEY}2"]),
        st.sampled_from(["=", "=", " = ", "= ", "\t=", ""]),
        QUOTED,
        st.sampled_from(["", "", " ", " # c", "#c", " x"]),
    ).map("".join),
    VALUES,
)
FILES = st.tuples(st.lists(LINES, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n"])).map(
    lambda parts: parts[1].join(parts[0])
)


@settings(max_examples=500)
@given(text=FILES)
@example(text=f"{API_KEY}=a\n{API_KEY}")
@example(text=f"'\n{API_KEY}=a'b")
def test_any_dotenv_is_read_as_python_dotenv_reads_it(text: str) -> None:
    """Whatever stands in `.env`, the key found there is the one that python-dotenv finds."""
    write_dotenv(text)

    line = read_dotenv(Path(".env")).get(API_KEY)
    assert (line.value if line else "") == (dotenv_values(".env").get(API_KEY) or "")


def test_a_directory_called_dotenv_is_no_file() -> None:
    """A directory called `.env`, as some name their virtual environment, holds no key."""
    Path(".env").mkdir()

    with pytest.raises(ConfigurationError, match="No API key was found"):
        made(api_key=None)


@pytest.mark.parametrize(
    "content", [b"\xff\xfeA\x00", b"NAME=J\xfcrgen\n"], ids=["UTF-16", "Latin-1"]
)
def test_a_file_that_is_not_utf_8(content: bytes) -> None:
    """A `.env` that is not UTF-8 is an error that names the file and the way out."""
    write_dotenv(content)

    with pytest.raises(ConfigurationError, match="cannot be read") as error:
        made(api_key=None)

    assert str(Path(".env").absolute()) in str(error.value)
    assert "pass the API key another way" in str(error.value)


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` that may not be read is an error that says why."""

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    write_dotenv(f"{API_KEY}=abc")
    monkeypatch.setattr(Path, "read_text", refuse)

    with pytest.raises(ConfigurationError, match=r"cannot be read: PermissionError\."):
        made(api_key=None)


def test_an_unreadable_file_shows_no_key() -> None:
    """What stands in a `.env` that cannot be read stands nowhere in the error."""
    write_dotenv(f"{API_KEY}=secret\xff".encode("latin-1"))

    with pytest.raises(ConfigurationError) as error:
        made(api_key=None)

    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_the_file_is_not_read_without_need(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Where the key is known, a `.env` that cannot be read does not matter."""
    write_dotenv(b"\xff")
    if where == "environment":
        monkeypatch.setenv(API_KEY, KEY)

    assert made(api_key=KEY if where == "argument" else None).api_key == KEY


# The base URL


@pytest.mark.parametrize(
    ("argument", "variable", "url"),
    [
        (None, None, DEFAULT_URL),
        (None, "http://env.example", "http://env.example"),
        (None, "", DEFAULT_URL),
        (None, "  ", DEFAULT_URL),
        ("http://arg.example", "http://env.example", "http://arg.example"),
    ],
    ids=["default", "environment", "empty variable", "blank variable", "argument first"],
)
def test_where_the_base_url_is_found(
    monkeypatch: pytest.MonkeyPatch, argument: str | None, variable: str | None, url: str
) -> None:
    """The argument comes before the environment, which comes before the default."""
    if variable is not None:
        monkeypatch.setenv(API_URL, variable)

    assert made(base_url=argument).base_url == url


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://api.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example///", "https://api.example"),
        ("https://proxy.example/root-api", "https://proxy.example/root-api"),
        ("https://proxy.example/root-api/", "https://proxy.example/root-api"),
        ("https://proxy.example/a/b%20c", "https://proxy.example/a/b%20c"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("HTTPS://API.Example/Root", "https://api.example/Root"),
        ("  https://api.example \n", "https://api.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[2001:DB8::1]/x", "http://[2001:db8::1]/x"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example:8443/x", "https://xn--bcher-kva.example:8443/x"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"),
        ("http://my_host", "http://my_host"),
        ("https://api.example.", "https://api.example."),
    ],
)
def test_base_urls(given: str, url: str) -> None:
    """A base URL is kept with its path, without slashes at its end, its host in small ASCII."""
    assert made(base_url=given).base_url == url


@pytest.mark.parametrize("host", ["straße.example", "faß.example", "βόλος.example"])
def test_names_go_over_the_wire_as_rfc_5891_has_them(host: str) -> None:
    """A name is written as today's registries write it, or it would lead to another host."""
    assert made(base_url=f"https://{host}").base_url == f"https://{idna.encode(host).decode()}"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "http:// or https://"),
        ("   ", "http:// or https://"),
        ("api.example", "http:// or https://"),
        ("api.example:443", "http:// or https://"),
        ("localhost:8000", "http:// or https://"),
        ("//api.example", "http:// or https://"),
        ("/v1", "http:// or https://"),
        ("https:api.example", "http:// or https://"),
        ("https:/api.example", "http:// or https://"),
        ("https://", "http:// or https://"),
        ("ftp://api.example", "http:// or https://"),
        ("ws://api.example", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("https://:8000", "names no host"),
        ("https://api.example?a=b", "query"),
        ("https://api.example/?", "query"),
        ("https://api.example/x?a=b", "query"),
        ("https://api.example#part", "fragment"),
        ("https://api.example/#", "fragment"),
        ("https://api example", "white space"),
        ("https://api.example/a b", "white space"),
        ("https://api.example/a\tb", "white space"),
        ("https://api.example/a\nb", "white space"),
        ("https://api.ex\nample", "white space"),
        ("https://api.example/a\\b", "backslash"),
        ("https://api.example/\x00", "white space"),
        ("https://api.example:port", "cannot be read"),
        ("https://api.example:99999", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://[nonsense]", "cannot be read"),
        ("https://a..b", "cannot be"),
        (f"https://{'a' * 64}.example", "cannot be"),
    ],
)
def test_base_urls_that_are_refused(url: str, says: str) -> None:
    """What is no address of an API is refused with what is wrong about it."""
    with pytest.raises(ConfigurationError) as error:
        made(base_url=url)

    assert says in str(error.value)
    assert repr(url.strip().rstrip("/")) in str(error.value)


@pytest.mark.parametrize("url", [5, b"https://api.example", Path("/x")], ids=repr)
def test_a_base_url_is_a_string(url: object) -> None:
    """A base URL of another type is refused by the type's name."""
    with pytest.raises(ConfigurationError, match=f"not {type(url).__name__}"):
        made(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cret@api.example",
        "https://s3cret@api.example",
        "https://:s3cret@api.example",
        "ftp://user:s3cret@api.example",
        "https://user:s3cret@api.example?a=b",
        "https://user:s3cret@api.example/a b",
        "https://user:s3cret@",
        "https://user:s3cret@api.example:port",
        "https://user:s3cret@api.example:99999",
        "https://user:s3cret@[::1",
        "https://user:pa/s3cret@api.example",
        "https://user:pa#s3cret@api.example",
        "https://user:pa?s3cret@api.example",
        "user:s3cret@api.example",
        "//user:s3cret@api.example",
    ],
)
def test_a_password_in_the_base_url_is_not_shown(url: str) -> None:
    """A base URL with a user name or password is refused, and the password is not shown."""
    with pytest.raises(ConfigurationError) as error:
        made(base_url=url)

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("path", ["/ümlaut", "/\u200b", "/a/日本"])
def test_a_path_is_ascii_or_refused(path: str) -> None:
    """A base path that no request line takes as it is does not come through as it is."""
    try:
        url = made(base_url=f"https://api.example{path}").base_url
    except ConfigurationError:
        return

    assert url.isascii()


@given(
    url=st.text()
    | st.tuples(
        st.sampled_from(["http://", "https://", "https://api.example/", "https://api.example:"]),
        st.text(),
    ).map("".join)
)
def test_any_base_url_is_of_use_or_refused(url: str) -> None:
    """Whatever is given, the base URL is one that can be asked, or a `ConfigurationError`."""
    try:
        base_url = made(base_url=url).base_url
    except ConfigurationError:
        return

    assert base_url.startswith(("http://", "https://"))
    assert base_url.isascii()
    assert base_url.isprintable()
    assert not set(base_url) & set(" ?#\\@")
    assert not base_url.endswith("/")
    assert made(base_url=base_url).base_url == base_url


# Numbers


TIMES = [
    pytest.param(30, 30.0, id="int"),
    pytest.param(0.5, 0.5, id="float"),
    pytest.param(1e-9, 1e-9, id="tiny"),
    pytest.param(None, None, id="none"),
    pytest.param(math.inf, None, id="inf"),
    pytest.param(1e300, None, id="huge"),
    pytest.param(10**400, None, id="more than a float holds"),
]
NO_TIMES = [
    pytest.param(0, "more than 0 seconds, not 0", id="0"),
    pytest.param(0.0, "more than 0 seconds", id="0.0"),
    pytest.param(-0.0, "more than 0 seconds", id="-0.0"),
    pytest.param(-1, "more than 0 seconds, not -1", id="negative"),
    pytest.param(-math.inf, "more than 0 seconds, not -inf", id="-inf"),
    pytest.param(math.nan, "more than 0 seconds, not nan", id="nan"),
    pytest.param(True, "not True", id="true"),
    pytest.param(False, "not False", id="false"),
    pytest.param("5", "not '5'", id="string"),
    pytest.param((1, 2), r"not \(1, 2\)", id="tuple"),
    pytest.param(1j, "not 1j", id="complex"),
]


@pytest.mark.parametrize(("given", "value"), TIMES)
@pytest.mark.parametrize("name", ["timeout", "deadline"])
def test_times(name: str, given: object, value: float | None) -> None:
    """A time is more than 0 seconds, or None where there is no bound."""
    assert getattr(made(**{name: given}), name) == value
    assert getattr(modified(made(), **{name: given}), name) == value
    assert seconds(name, given) == value


@pytest.mark.parametrize(("given", "says"), NO_TIMES)
@pytest.mark.parametrize("name", ["timeout", "deadline"])
def test_times_that_cannot_be(name: str, given: object, says: str) -> None:
    """What is no time is refused with its name and value."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be .*{says}"):
        made(**{name: given})
    with pytest.raises(ConfigurationError, match=f"^{name} must be .*{says}"):
        modified(made(), **{name: given})


@pytest.mark.parametrize(
    "timeout",
    [httpx.Timeout(5), httpx.Timeout(None), httpx.Timeout(5, read=None), httpx.Timeout(1, pool=9)],
    ids=str,
)
def test_httpx_timeouts(timeout: httpx.Timeout) -> None:
    """httpx's own timeouts are taken as they are."""
    assert made(timeout=timeout).timeout == timeout


@pytest.mark.parametrize(
    ("timeout", "operation"),
    [
        (httpx.Timeout(0), "connect"),
        (httpx.Timeout(5, connect=-1), "connect"),
        (httpx.Timeout(5, read=0.0), "read"),
        (httpx.Timeout(5, write=math.nan), "write"),
        (httpx.Timeout(5, pool=0), "pool"),
    ],
    ids=str,
)
def test_httpx_timeouts_that_cannot_be(timeout: httpx.Timeout, operation: str) -> None:
    """One of httpx's timeouts that is no time is refused with the operation's name."""
    with pytest.raises(ConfigurationError, match=rf"^timeout \({operation}\) must be more than 0"):
        made(timeout=timeout)


@pytest.mark.parametrize("endless", [math.inf, 1e300])
def test_an_endless_httpx_timeout_fits_a_socket(endless: float) -> None:
    """httpx's timeouts, too, have no bound where they are longer than a socket takes."""
    timeout = made(timeout=httpx.Timeout(endless)).timeout

    assert isinstance(timeout, httpx.Timeout)
    for bound in timeout.as_dict().values():
        assert bound is None or bound <= threading.TIMEOUT_MAX


@pytest.mark.parametrize(
    ("name", "least"),
    [("max_retries", 0), ("max_connections", 1), ("max_response_bytes", 1)],
    ids=["retries", "connections", "bytes"],
)
def test_counts(name: str, least: int) -> None:
    """A count is a whole number from its least value on; others are refused by name."""
    assert getattr(made(**{name: least}), name) == least
    assert getattr(made(**{name: 1000}), name) == 1000
    for wrong in (least - 1, -100, True, 2.0, "2", None, math.inf):
        with pytest.raises(
            ConfigurationError, match=f"^{name} must be a whole number of at least {least}, not "
        ):
            made(**{name: wrong})


# Headers


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, {}),
        ({}, {}),
        ({"X-Team": "blue"}, {"X-Team": "blue"}),
        ({"x-team": " blue team "}, {"x-team": "blue team"}),
        ({"X-Empty": ""}, {"X-Empty": ""}),
        ({"User-Agent": "mine", "!#$%&'*+-.^_`|~": "x"}, None),
    ],
    ids=["none", "empty", "one", "blanks", "empty value", "odd names"],
)
def test_headers(given: dict[str, str] | None, kept: dict[str, str] | None) -> None:
    """Headers of visible ASCII are kept, without blanks around their values."""
    assert made(default_headers=given).default_headers == (given if kept is None else kept)


@pytest.mark.parametrize(
    "headers",
    [
        {"": "s3cret"},
        {"X Team": "s3cret"},
        {"X-Team:": "s3cret"},
        {"X-Team\r\nX-Evil": "s3cret"},
        {"X-Täm": "s3cret"},
        {b"X-Team": "s3cret"},
        {5: "s3cret"},
        {"X-Team": "s3cret\r\nX-Evil: 1"},
        {"X-Team": "s3cret\n"},
        {"X-Team": "s3cret\t"},
        {"X-Team": "s3cret\x00"},
        {"X-Team": "s3cret-ü"},
        {"X-Team": b"s3cret"},
        {"X-Team": ["s3cret"]},
        {"X-Team": None},
        {"Authorization": "s3cret"},
        {"AUTHORIZATION": "s3cret"},
        {"Host": "s3cret"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
    ],
    ids=repr,
)
def test_headers_that_are_refused(headers: Mapping[object, object]) -> None:
    """A header that breaks the exchange is refused by its name, and its value is not shown."""
    with pytest.raises(ConfigurationError, match=r"^default_headers: ") as error:
        made(default_headers=headers)

    (name,) = headers
    assert str(name).split("\r")[0] in str(error.value)
    assert "s3cret" not in str(error.value)


def test_what_every_request_has() -> None:
    """Every request says for whom it is, what it takes, and who sends it."""
    config = made(base_url="http://[::1]:8000/root-api")

    assert dict(config.headers) == {
        b"Host": b"[::1]:8000",
        b"Accept": b"application/json",
        b"Accept-Encoding": b"gzip, deflate",
        b"User-Agent": (
            f"root-sdk/{__version__} Python/{platform.python_version()} httpx/{version('httpx')}"
        ).encode(),
    }
    assert len(config.headers) == 4


def test_default_headers_are_added_and_win() -> None:
    """Default headers are sent as well, and in place of the client's own, in any case."""
    given = {"x-team": "blue", "USER-aGENT": "mine", "Accept": "text/json"}

    headers = made(default_headers=given).headers

    assert (b"X-Team", b"blue") in headers
    assert [value for name, value in headers if name.lower() == b"user-agent"] == [b"mine"]
    assert [value for name, value in headers if name.lower() == b"accept"] == [b"text/json"]


def test_the_last_of_two_spellings_wins() -> None:
    """Default headers that differ in case alone are one header, the one that came last."""
    config = modified(made(default_headers={"X-Team": "red"}), default_headers={"x-team": "blue"})

    assert [value for name, value in config.headers if name.lower() == b"x-team"] == [b"blue"]


def test_a_changed_header_is_sent() -> None:
    """A copy sends its own headers, also where the original has sent its."""
    config = made(default_headers={"X-Team": "red"})
    assert (b"X-Team", b"red") in config.headers

    other = modified(config, default_headers={"X-Team": "blue"})

    assert (b"X-Team", b"blue") in other.headers
    assert (b"X-Team", b"red") in config.headers


def test_the_key_is_not_among_the_headers() -> None:
    """The key is not among what is written once: it may change with every attempt."""
    assert KEY.encode() not in b"".join(value for _, value in made(api_key=KEY).headers)


# The whole


def test_the_repr_shows_no_secret() -> None:
    """What a client is told prints without its key and without its headers' values."""
    config = made(api_key="s3cret-0123456789abcdef", default_headers={"X-Token": "t0ken"})

    for text in (repr(config), str(config)):
        assert "s3cret" not in text
        assert "cdef" not in text
        assert "t0ken" not in text
        assert DEFAULT_URL in text


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("k", "***"),
        ("abcdefgh", "***"),
        ("abcdefghijklmno", "***"),
        ("abcdefghijklmnop", "sha256:f39dac6c"),
        ("abcdefghijklmnopqrstuvwxyz", "sha256:71c480df"),
        (lambda: "abcdefghijklmnop", "from a function"),
    ],
    ids=["one", "eight", "fifteen", "sixteen", "long", "function"],
)
def test_fingerprint(key: object, shown: str) -> None:
    """Of a long key the beginning of its hash may be shown, of a short one nothing."""
    assert made(api_key=key).fingerprint == shown


def test_settings_are_frozen() -> None:
    """A client's settings do not change under it."""
    config: Any = made()

    with pytest.raises(AttributeError):
        config.base_url = "https://evil.example"


def test_what_was_left_out_prints_by_its_name() -> None:
    """In a signature, what was left out reads as what it is called."""
    assert repr(NOT_GIVEN) == "NOT_GIVEN"


def test_nothing_changed() -> None:
    """Settings of which none was changed are the same."""
    config = made(default_headers={"X-Team": "blue"})

    assert modified(config) == config


def test_changes() -> None:
    """What was given is changed, headers are added, and the original stays."""
    config = made(api_key=KEY, default_headers={"X-Team": "blue", "X-Floor": "2"})

    other = modified(
        config,
        timeout=None,
        deadline=5,
        max_retries=0,
        default_headers={"X-Team": "red"},
        api_key="  another-key ",
    )

    assert (other.timeout, other.deadline, other.max_retries) == (None, 5.0, 0)
    assert other.default_headers == {"X-Team": "red", "X-Floor": "2"}
    assert other.api_key == "another-key"
    assert (other.base_url, other.max_connections) == (config.base_url, config.max_connections)
    assert config == made(api_key=KEY, default_headers={"X-Team": "blue", "X-Floor": "2"})


def test_a_changed_key_is_a_given_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that came from the environment is replaced by the one that is given."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)
    config = made(api_key=None)

    other = modified(config, api_key=KEY)

    assert (config.key_is_given, other.key_is_given) == (False, True)
    assert other.api_key == KEY


@pytest.mark.parametrize(
    "given",
    [
        {"max_retries": -1},
        {"default_headers": {"Host": "x"}},
        {"api_key": "a\nb"},
        {"api_key": ""},
        {"timeout": httpx.Timeout(0)},
    ],
    ids=str,
)
def test_changes_are_checked(given: dict[str, object]) -> None:
    """A change is refused where the setting would be."""
    with pytest.raises(ConfigurationError):
        modified(made(), **given)


def test_nothing_of_the_environment_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading `.env` leaves the process's environment as it was."""
    write_dotenv(f"{API_KEY}=abc\nDOTENV_A=x")
    before = dict(os.environ)

    made(api_key=None)

    assert dict(os.environ) == before


def test_a_key_that_was_given_travels() -> None:
    """Pickled settings hold the key that came as an argument, and the rest as it was."""
    config = made(api_key=KEY, default_headers={"X-Team": "blue"}, deadline=5)
    assert config.headers

    assert pickle.loads(pickle.dumps(config)) == config


def test_a_key_that_was_found_does_not_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickled settings hold no key of the environment; it is looked up where they arrive."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)
    pickled = pickle.dumps(made(api_key=None))
    monkeypatch.setenv(API_KEY, "key-of-another-machine")

    config = pickle.loads(pickled)

    assert OTHER_KEY.encode() not in pickled
    assert config.api_key == "key-of-another-machine"
    assert not config.key_is_given


@pytest.mark.parametrize(("given", "value"), TIMES)
def test_the_bound_of_a_call(given: object, value: float | None) -> None:
    """A call's own bound is a time like any other."""
    assert call_deadline(given) == value


@pytest.mark.parametrize(("given", "says"), NO_TIMES)
def test_the_bound_of_a_call_that_cannot_be(given: object, says: str) -> None:
    """A call's own bound that is no time is the request's fault, not the client's."""
    with pytest.raises(InvalidRequestError, match=f"^_request_timeout must be .*{says}"):
        call_deadline(given)
