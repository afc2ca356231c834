"""Validation and normalization of base URLs."""

from __future__ import annotations

from pathlib import Path

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from root.errors import ConfigurationError

from .settings import resolve_settings


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
        ("https://api.example/v1", "https://api.example"),
        ("https://proxy.example/root-api/v1/", "https://proxy.example/root-api"),
        ("https://proxy.example/dev1", "https://proxy.example/dev1"),
        ("https://proxy.example/v1/root-api", "https://proxy.example/v1/root-api"),
    ],
)
def test_base_url_normalization(given: str, url: str) -> None:
    """A base URL keeps its path without trailing slashes and version; its host is in ASCII."""
    assert resolve_settings(base_url=given).base_url == url


@pytest.mark.parametrize("host", ["straße.example", "faß.example", "βόλος.example"])
def test_international_host_names(host: str) -> None:
    """A host name is encoded by RFC 5891, as registries encode it."""
    assert (
        resolve_settings(base_url=f"https://{host}").base_url
        == f"https://{idna.encode(host).decode()}"
    )


@pytest.mark.parametrize(
    ("url", "reason"),
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
        ("https://:8000", "has no host"),
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
        ("https://api.example:port", "cannot be parsed"),
        ("https://api.example:99999", "cannot be parsed"),
        ("https://[::1", "cannot be parsed"),
        ("https://[nonsense]", "cannot be parsed"),
        ("https://a..b", "not valid"),
        (f"https://{'a' * 64}.example", "not valid"),
    ],
)
def test_invalid_base_urls(url: str, reason: str) -> None:
    """An invalid base URL is rejected with the reason."""
    with pytest.raises(ConfigurationError) as error:
        resolve_settings(base_url=url)

    assert reason in str(error.value)
    assert repr(url.strip().rstrip("/")) in str(error.value)


@pytest.mark.parametrize("url", [5, b"https://api.example", Path("/x")], ids=repr)
def test_base_url_type(url: object) -> None:
    """A base URL of another type is rejected with the name of the type."""
    with pytest.raises(ConfigurationError, match=f"not {type(url).__name__}"):
        resolve_settings(base_url=url)


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
def test_password_in_base_url(url: str) -> None:
    """A base URL with a user name or a password is rejected, and the password is not shown."""
    with pytest.raises(ConfigurationError) as error:
        resolve_settings(base_url=url)

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("path", ["/ümlaut", "/\u200b", "/a/日本"])
def test_base_path_encoding(path: str) -> None:
    """A base path is percent-encoded or rejected, so that a request line can contain it."""
    try:
        url = resolve_settings(base_url=f"https://api.example{path}").base_url
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
def test_any_base_url(url: str) -> None:
    """Any base URL is normalized to one that can be requested, or rejected."""
    try:
        base_url = resolve_settings(base_url=url).base_url
    except ConfigurationError:
        return

    assert base_url.startswith(("http://", "https://"))
    assert base_url.isascii()
    assert base_url.isprintable()
    assert not set(base_url) & set(" ?#\\@")
    assert not base_url.endswith("/")
    assert resolve_settings(base_url=base_url).base_url == base_url
