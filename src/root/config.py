"""Effective settings of a client, and where they came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ._config import TRANSPORT, Timeout
from ._config.config import no_key
from ._secrets.redact import printable
from .errors import ConfigurationError, InvalidRequestError

if TYPE_CHECKING:
    import ssl

    from ._config.config import Config

__all__ = ["Explanation", "Setting", "Settings", "no_key"]

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a client.

    Attributes:
        name: Its name: mostly that of the client's argument.
        value: Its value as it may be shown: of the key, `sha256:` and the first 8 hex digits of
            its hash; of headers, the names; of a proxy, the URL without user name and password.
        source: Where it came from: `argument`, `with_options`, an environment variable, a line
            of a file, `a test's guard`, or `default`, also if an argument is equal to the default.
    """

    name: str
    value: str
    source: str

    def __str__(self) -> str:
        # A folder in which a .env is may have any name.
        return printable(f"{self.name}: {self.value} ({self.source})")


class Explanation(tuple[Setting, ...]):
    """The settings of a client as they may be shown: a tuple, shown as a table in a notebook."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ._display.html import table

        return table(
            "Settings",
            [(setting.name, setting.value, setting.source) for setting in self],
            columns=("setting", "value", "source"),
        )


class Settings:
    """The settings of a client: `client.config`."""

    def __init__(
        self, config: Config, http_clients: Mapping[str, object], *, uses_pool: bool
    ) -> None:
        """Initialize the settings; the client does this.

        Args:
            config: The settings.
            http_clients: The HTTP client that was passed as each argument, or None.
            uses_pool: Whether any request uses a connection of the client's own.
        """
        self._config = config
        self._http_clients = {
            name: client for name, client in http_clients.items() if client is not None
        }
        self._uses_pool = uses_pool

    def explain(self) -> Explanation:
        """Return each setting with its value and its source, and without secrets.

        Print the result to read it. The proxy, the certificate authorities, and `offline` (whether
        only this machine may be connected to) are those of a connection that is opened now. If the
        key comes from a function, it is not called.
        """
        config = self._config
        shown = {
            "api_key": config.fingerprint,
            "base_url": config.base_url,
            "timeout": _timeout(config.timeout),
            "deadline": _deadline(config),
            "max_retries": str(config.max_retries),
            "max_connections": str(config.max_connections),
            "max_response_bytes": str(config.max_response_bytes or _MAX_BYTES),
            "default_headers": ", ".join(f"{name}: (hidden)" for name in config.default_headers)
            or "none",
        }
        settings = {
            name: Setting(name, value, config.sources.get(name, _DEFAULT))
            for name, value in shown.items()
        }
        settings["ssl_context"] = self._authorities()
        settings["proxy"] = self._proxy()
        settings["offline"] = _offline()
        settings["transport"] = _transport()
        if not self._uses_pool:
            for name in ("ssl_context", "proxy"):
                settings[name] = Setting(
                    name, "left to the HTTP client", ", ".join(self._http_clients)
                )
        for name, client in self._http_clients.items():
            kind = type(client)
            settings[name] = Setting(name, f"{kind.__module__}.{kind.__qualname__}", "argument")
        return Explanation(settings.values())

    def _authorities(self) -> Setting:
        source = self._config.sources.get("ssl_context")
        if source is not None:
            return Setting("ssl_context", _describe_context(self._config.ssl_context), source)
        from ._http.tls import trusted_authorities

        paths, source = trusted_authorities()
        return Setting("ssl_context", f"authorities of {paths}", source or f"{_DEFAULT}, certifi")

    def _proxy(self) -> Setting:
        from ._http.messages import Origin
        from ._http.proxies import proxy_for, proxy_source

        origin = Origin.from_url(self._config.base_url)
        try:
            proxy = proxy_for(origin)
            value = "none" if proxy is None else proxy.origin.url
        except ConfigurationError:
            # Where a URL cannot be parsed, a password in it cannot be removed.
            value = "unusable"
        return Setting("proxy", value, proxy_source(origin) or _DEFAULT)

    def __str__(self) -> str:
        return str(self.explain())

    def _repr_html_(self) -> str:
        return self.explain()._repr_html_()  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of a client of {self._config.base_url}>"

    def __reduce__(self) -> NoReturn:
        # The pickle would contain the key.
        raise InvalidRequestError(
            "The settings of a client can be neither pickled nor copied, because they contain the"
            " key. The result of explain() can be."
        )


_MAX_BYTES = "1 MiB for an object, 16 MiB for others"


def _offline() -> Setting:
    from ._http.offline import offline_reason

    source = offline_reason()
    return Setting("offline", "no" if source is None else "yes", source or _DEFAULT)


def _transport() -> Setting:
    value = os.environ.get(TRANSPORT, "").strip()
    source = f"environment variable {TRANSPORT}" if value else _DEFAULT
    return Setting("transport", value or "auto", source)


def _describe_context(context: ssl.SSLContext | None) -> str:
    import ssl

    assert context is not None
    kind = type(context)
    warning = (
        "" if context.verify_mode is ssl.CERT_REQUIRED else ", which does not verify certificates"
    )
    return f"{kind.__module__}.{kind.__qualname__}{warning}"


def _deadline(config: Config) -> str:
    if config.bound is None:
        return _timeout(config.deadline)
    return f"{_timeout(config.deadline)}, and {_timeout(config.bound.seconds)} for all calls"


def _timeout(timeout: Timeout) -> str:
    if timeout is None:
        return "none"
    if isinstance(timeout, (int, float)):
        return f"{timeout:g} s"
    timeouts: dict[str, float | None] = timeout.as_dict()
    return ", ".join(f"{name} {_timeout(value)}" for name, value in timeouts.items())
