"""What a client was told: each setting, its value as it may be shown, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ._config import Timeout, no_key
from .errors import ConfigurationError, InvalidRequestError

if TYPE_CHECKING:
    import ssl

    from ._config import Config

__all__ = ["Explanation", "Setting", "Settings", "no_key"]

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a client.

    Attributes:
        name: What it is called, mostly as the client's argument is.
        value: What it is, without what must not show: of the key `sha256:` and the first 8 hex
            digits of its hash, of headers the names, of a proxy no user name and password.
        source: Where it came from: `argument`, `with_options`, an environment variable, a line
            of a file, a test's guard, or `default`, which also stands for an argument that says
            the same.
    """

    name: str
    value: str
    source: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value} ({self.source})"


class Explanation(tuple[Setting, ...]):
    """A client's settings as they may be shown: a tuple that is a table in a notebook."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ._html import table

        return table(
            "Settings",
            [(setting.name, setting.value, setting.source) for setting in self],
            columns=("setting", "value", "from"),
        )


class Settings:
    """A client's settings; `client.config` is one of these."""

    def __init__(
        self, config: Config, http_clients: Mapping[str, object], *, uses_pool: bool
    ) -> None:
        """Take a client's settings, and the http clients of the user's by argument.

        Args:
            config: The settings.
            http_clients: None where the client has connections of its own.
            uses_pool: Whether any request goes over connections of the client's own.
        """
        self._config = config
        self._http_clients = {name: it for name, it in http_clients.items() if it is not None}
        self._uses_pool = uses_pool

    def explain(self) -> Explanation:
        """Return each setting with its value and where it came from; no secret is among them.

        It is a tuple; print it to read it. Proxy, certificates and `offline`, whether this machine
        alone may be reached, are those of a connection made now. A key's function is not called.
        """
        config = self._config
        shown = {
            "api_key": config.fingerprint,
            "base_url": config.base_url,
            "timeout": _timeout(config.timeout),
            "deadline": _timeout(config.deadline),
            "max_retries": str(config.max_retries),
            "max_connections": str(config.max_connections),
            "max_response_bytes": str(config.max_response_bytes),
            "default_headers": ", ".join(f"{name}: (hidden)" for name in config.default_headers)
            or "none",
        }
        settings = {
            name: Setting(name, value, config.sources.get(name, _DEFAULT))
            for name, value in shown.items()
        }
        settings["ssl_context"] = self._trust()
        settings["proxy"] = self._proxy()
        settings["offline"] = _offline()
        if not self._uses_pool:
            for name in ("ssl_context", "proxy"):
                settings[name] = Setting(
                    name, "left to the http client", ", ".join(self._http_clients)
                )
        for name, client in self._http_clients.items():
            kind = type(client)
            settings[name] = Setting(name, f"{kind.__module__}.{kind.__qualname__}", "argument")
        return Explanation(settings.values())

    def _trust(self) -> Setting:
        source = self._config.sources.get("ssl_context")
        if source is not None:
            return Setting("ssl_context", _given_trust(self._config.ssl_context), source)
        from ._http import trusted

        places, source = trusted()
        return Setting("ssl_context", f"authorities of {places}", source or f"{_DEFAULT}, certifi")

    def _proxy(self) -> Setting:
        from ._http import Address, proxy_for, proxy_source

        address = Address.of(self._config.base_url)
        try:
            proxy = proxy_for(address)
            value = "none" if proxy is None else proxy.address.origin
        except ConfigurationError:
            value = "one that cannot be used"
        return Setting("proxy", value, proxy_source(address) or _DEFAULT)

    def __str__(self) -> str:
        return str(self.explain())

    def _repr_html_(self) -> str:
        return self.explain()._repr_html_()  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of a client of {self._config.base_url}>"

    def __reduce__(self) -> NoReturn:
        # The key would stand in it as it is.
        raise InvalidRequestError(
            "The settings of a client can be neither pickled nor copied: the key is among them."
            " What their explain() returns can be."
        )


def _offline() -> Setting:
    from ._offline import asked_by

    source = asked_by()
    return Setting("offline", "no" if source is None else "yes", source or _DEFAULT)


def _given_trust(context: ssl.SSLContext | None) -> str:
    import ssl

    assert context is not None
    kind = type(context)
    checks = "" if context.verify_mode is ssl.CERT_REQUIRED else ", which trusts anybody"
    return f"{kind.__module__}.{kind.__qualname__}{checks}"


def _timeout(timeout: Timeout) -> str:
    if timeout is None:
        return "none"
    if isinstance(timeout, (int, float)):
        return f"{timeout:g} s"
    bounds: dict[str, float | None] = timeout.as_dict()
    return ", ".join(f"{name} {_timeout(value)}" for name, value in bounds.items())
