"""TLS settings: the certificate authorities that are trusted."""

from __future__ import annotations

import os
import ssl
from functools import cache

from .._forks import import_lock
from ..errors import ConfigurationError

__all__ = ["shared_ssl_context", "trusted_authorities"]


@cache
def _ssl_context(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    selected_by = "SSL_CERT_DIR" if cafile is None else "SSL_CERT_FILE"
    if cafile is None and capath is None:
        with import_lock:
            import certifi

            cafile, selected_by = certifi.where(), "certifi.where()"
    # OpenSSL treats a missing directory like an empty one. There may be several.
    directories = capath.split(os.pathsep) if capath else []
    if cafile is None and not any(map(os.path.isdir, directories)):
        raise ConfigurationError(
            f"The trusted certificates cannot be read: SSL_CERT_DIR is {capath!r}, which is not a"
            " directory."
        )
    try:
        # OpenSSL has locks of its own, which a forked child must not inherit.
        with import_lock:
            return ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as exc:
        raise ConfigurationError(
            f"The trusted certificates cannot be read from {cafile or capath!r}, the value of"
            f" {selected_by} ({exc.strerror or exc})."
        ) from exc


def shared_ssl_context() -> ssl.SSLContext:
    """Return the TLS settings of the process, created once: loading certificates takes 16 ms.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` select other trusted certificates, as in OpenSSL.
    """
    return _ssl_context(
        os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    )


def trusted_authorities() -> tuple[str, str | None]:
    """Return the files of the authorities in `shared_ssl_context`, and what selects them."""
    selected = {
        f"environment variable {name}": place
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")
        if (place := os.environ.get(name))
    }
    if not selected:
        import certifi

        return certifi.where(), None
    return " and ".join(selected.values()), ", ".join(selected)
