"""Proxies that the environment configures."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError
from .messages import DEFAULT_PORTS, Origin

__all__ = ["Proxy", "proxy_for", "proxy_source"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        origin: Its scheme, host and port.
        auth: The user name and password for it, if there are any.
    """

    origin: Origin
    auth: tuple[str, str] | None = field(default=None, repr=False)


def proxy_for(origin: Origin) -> Proxy | None:
    """Return the proxy for requests to this origin, or None.

    It is configured by `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY`, and hosts without one by
    `NO_PROXY`, in upper or lower case. An entry of `NO_PROXY` is a host name, which includes its
    subdomains, an address, a network such as `10.0.0.0/8`, or `*`.

    Raises:
        ConfigurationError: Its URL cannot be used.
    """
    url, _ = _proxy_url(origin)
    if url is None:
        return None
    # The URL is not shown: it may contain a password.
    invalid = ConfigurationError(
        f"The URL of the proxy for {origin.scheme} in the environment cannot be parsed."
        " Write it like http://proxy.example:3128."
    )
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        proxy = Origin.from_url(parts.geturl())
    except ValueError:
        raise invalid from None
    if not proxy.host or not proxy.host.isascii() or " " in proxy.host:
        raise invalid
    if proxy.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The environment configures a {proxy.scheme} proxy, which only httpx with the package"
            " socksio supports. Pass http_client=httpx.Client() (or httpx.AsyncClient())."
        )
    if parts.username is None:
        return Proxy(proxy)
    return Proxy(proxy, (unquote(parts.username), unquote(parts.password or "")))


def proxy_source(origin: Origin) -> str | None:
    """Return where the proxy for this origin, or its absence, is configured."""
    return _proxy_url(origin)[1]


def _proxy_url(origin: Origin) -> tuple[str | None, str | None]:
    """Return the URL of the proxy, and where it, or its absence, is configured."""
    # On Linux a proxy is configured in the environment only. Looking there first avoids an import
    # that takes as long as all others together.
    if sys.platform not in ("darwin", "win32") and not any(
        name.lower().endswith("_proxy") for name in os.environ
    ):
        return None, None
    from urllib.request import getproxies

    proxies = getproxies()
    kind = origin.scheme if proxies.get(origin.scheme) else "all"
    url = proxies.get(kind)
    if not url:
        return None, None
    is_excluded = _is_excluded(origin, proxies.get("no", ""))
    name, value = ("no_proxy", proxies.get("no")) if is_excluded else (f"{kind}_proxy", url)
    # If both are set, the name in lower case takes precedence: it sorts last.
    variables = [
        variable
        for variable in sorted(os.environ)
        if variable.lower() == name and os.environ[variable] == value
    ]
    source = f"environment variable {variables[-1]}" if variables else "settings of the system"
    return None if is_excluded else url, source


def _is_excluded(origin: Origin, no_proxy: str) -> bool:
    """Return whether requests to this origin use no proxy, by `NO_PROXY` or by the system."""
    from urllib.request import proxy_bypass

    # proxy_bypass takes the brackets of an IPv6 address for a part of the name.
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = origin.port or DEFAULT_PORTS[origin.scheme]
    if proxy_bypass(f"{host}:{port}") or proxy_bypass(origin.host):
        return True
    return any(_is_matched(origin.host, entry) for entry in no_proxy.split(","))


def _is_matched(host: str, entry: str) -> bool:
    """Return whether an entry of `NO_PROXY` that proxy_bypass does not know is for this host."""
    from ipaddress import ip_address, ip_network

    entry = entry.strip()
    if entry == "*":
        return True
    if entry.startswith("*."):
        return host.endswith(entry[1:].lower())
    try:
        network = ip_network(re.sub(r"[\[\]]", "", entry), strict=False)
        return ip_address(host) in network
    except ValueError:
        # One of them is a name.
        return False
