"""Proxies that the environment configures."""

from __future__ import annotations

import pytest

from root._http.messages import Origin
from root._http.proxies import Proxy, proxy_for, proxy_source
from root.errors import ConfigurationError

HTTPS = Origin("https", "api.example", None)


@pytest.mark.parametrize(
    ("variables", "url", "has_proxy"),
    [
        pytest.param({}, "https://api.example", False, id="none"),
        pytest.param({"https_proxy": "http://p:1"}, "https://api.example", True, id="https"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "https://api.example", True, id="HTTPS"),
        pytest.param({"http_proxy": "http://p:1"}, "https://api.example", False, id="http only"),
        pytest.param({"http_proxy": "http://p:1"}, "http://api.example", True, id="http"),
        pytest.param({"HTTP_PROXY": "http://p:1"}, "http://api.example", True, id="HTTP"),
        pytest.param({"https_proxy": "http://p:1"}, "http://api.example", False, id="https only"),
        pytest.param({"all_proxy": "http://p:1"}, "http://api.example", True, id="all"),
        pytest.param({"ALL_PROXY": "http://p:1"}, "https://api.example", True, id="ALL"),
        pytest.param({"https_proxy": ""}, "https://api.example", False, id="empty"),
        pytest.param({"NO_PROXY": "api.example"}, "https://api.example", False, id="NO alone"),
        *(
            pytest.param(
                {"HTTPS_PROXY": "http://p:1", name: value},
                url,
                has_proxy,
                id=f"{name}={value} {url}",
            )
            for name in ("NO_PROXY", "no_proxy")
            for value, url, has_proxy in (
                ("api.example", "https://api.example", False),
                ("API.example", "https://api.example", False),
                ("example", "https://api.example", False),
                (".example", "https://api.example", False),
                ("*", "https://api.example", False),
                ("other, api.example", "https://api.example:8443", False),
                ("api.example:8443", "https://api.example:8443", False),
                ("api.example:8443", "https://api.example", True),
                ("other", "https://api.example", True),
                ("i.example", "https://api.example", True),
                ("", "https://api.example", True),
                ("api.example:443", "https://api.example", False),
                ("other,*", "https://api.example", False),
                ("*.Example", "https://api.example", False),
                ("*.pi.example", "https://api.example", True),
                ("*.api.example", "https://api.example", True),
                ("10.0.0.0/8", "https://10.200.3.4:8443", False),
                ("other, 10.0.0.0/8 ,more", "https://10.200.3.4", False),
                ("10.1.2.3/8", "https://10.200.3.4", False),
                ("10.0.0.0/255.0.0.0", "https://10.200.3.4", False),
                ("10.0.0.0/8", "https://11.0.0.1", True),
                ("10.0.0.0/8", "https://api.example", True),
                ("10.0.0.0/8", "https://[fd00::1]", True),
                ("10.0.0.0/99", "https://10.200.3.4", True),
                ("0.0.0.0/0", "https://10.200.3.4", False),
                ("fd00::/8", "https://[fd12::7]:8443", False),
                ("[fd00::]/8", "https://[fd12::7]", False),
                ("fd00::/8", "https://[fe80::7]", True),
                ("fd00::/8", "https://10.200.3.4", True),
                ("0:0:0:0:0:0:0:1", "https://[::1]", False),
                ("[::1]", "https://[::1]:8443", False),
                ("[::1]:8443", "https://[::1]:8443", False),
                ("[::1]:8443", "https://[::1]", True),
            )
        ),
    ],
)
def test_environment_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, has_proxy: bool
) -> None:
    """A proxy is configured in either case, for one scheme or all, and NO_PROXY excepts hosts."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert (proxy_for(Origin.from_url(url)) is not None) is has_proxy


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy.example:3128", Proxy(Origin("http", "proxy.example", 3128))),
        ("proxy.example:3128", Proxy(Origin("http", "proxy.example", 3128))),
        ("https://proxy.example", Proxy(Origin("https", "proxy.example", None))),
        (
            "http://me%40home:p%3Aw@proxy.example:1",
            Proxy(Origin("http", "proxy.example", 1), ("me@home", "p:w")),
        ),
        ("http://me@proxy.example:1", Proxy(Origin("http", "proxy.example", 1), ("me", ""))),
    ],
    ids=["http", "no scheme", "https", "password", "user name"],
)
def test_proxy_urls(monkeypatch: pytest.MonkeyPatch, url: str, proxy: Proxy) -> None:
    """The URL of a proxy has its origin, and user name and password percent-encoded."""
    monkeypatch.setenv("HTTPS_PROXY", url)

    assert proxy_for(HTTPS) == proxy


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://me:hunter22@proxy.example:port", "cannot be parsed"),
        ("http://me:hunter22@", "cannot be parsed"),
        ("http://me:hunter22@[proxy", "cannot be parsed"),
        ("socks5://me:hunter22@proxy.example", "socks5 proxy, which only httpx"),
    ],
    ids=["port", "no host", "brackets", "SOCKS"],
)
def test_an_unusable_proxy_url(monkeypatch: pytest.MonkeyPatch, url: str, message: str) -> None:
    """A URL that cannot be used is a configuration error, which does not show its password."""
    monkeypatch.setenv("HTTPS_PROXY", url)

    with pytest.raises(ConfigurationError, match=message) as error:
        proxy_for(HTTPS)

    assert "hunter22" not in str(error.value)


def test_the_repr_of_a_proxy_hides_its_password() -> None:
    """User name and password of a proxy are not in its repr."""
    assert "hunter22" not in repr(Proxy(HTTPS, ("me", "hunter22")))


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "environment variable HTTPS_PROXY"),
        ({"all_proxy": "http://p:1"}, "environment variable all_proxy"),
        (
            {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://p:1"},
            "environment variable https_proxy",
        ),
        (
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "api.example"},
            "environment variable NO_PROXY",
        ),
        (
            {"HTTPS_PROXY": "http://p:1", "no_proxy": "*.example"},
            "environment variable no_proxy",
        ),
    ],
    ids=["none", "HTTPS", "all", "both cases", "exception", "exception by a pattern"],
)
def test_the_source_of_a_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], source: str | None
) -> None:
    """The source is the variable that configures the proxy or the exception from it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert proxy_source(HTTPS) == source
