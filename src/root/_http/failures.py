"""What an exception within an exchange means to the user: an error, and whether to retry.

Exceptions of httpcore, httpx and the operating system come in, and errors of this package go out.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, cast

from .._secrets.redact import redact
from ..errors import APIConnectionError, APIResponseError, APITimeoutError, RootSignalsError
from .bodies import unusable_response
from .exceptions import ProxyConnectionError, ResponseTooLargeError, UnusableResponseError
from .retry import Outcome

if TYPE_CHECKING:
    from ..errors import RequestInfo
    from .messages import Origin

__all__ = ["Failure", "broken_exchange", "is_disconnect", "untrusted_certificate"]


class Failure(NamedTuple):
    """A failed attempt.

    Attributes:
        error: The error, if this attempt is the last.
        outcome: What it means for another attempt, or None if it was not begun.
        cause: Why there was no usable response, or None if the service responded with an error.
        hint: Seconds that the service asked to wait.
        status: The status of the response, if there was one.
        source: The exception to show as the error's cause, if any.
        is_final: Whether there is no other attempt in any case.
    """

    error: RootSignalsError
    outcome: Outcome | None
    cause: str | None = None
    hint: float | None = None
    status: int | None = None
    source: Exception | None = None
    is_final: bool = False


_TIMEOUTS = {
    "ConnectTimeout": "no connection was made in time",
    "ExchangeTimeoutError": "the response did not arrive in time",
    "KeyTimeoutError": "the api_key function did not return in time",
    "PoolTimeout": "no connection was free in time",
    "ReadTimeout": "the response did not arrive in time",
    "WriteTimeout": "the request could not be sent in time",
    "TimeoutException": "the exchange did not finish in time",
}
# Exception classes of httpcore and httpx, whose names agree, and our own, with what they mean for
# the request. The first class in the method resolution order that is listed here decides.
_OUTCOMES = {
    "ConnectTimeout": Outcome.NOT_SENT,
    "PoolTimeout": Outcome.NOT_SENT,
    "ConnectError": Outcome.NOT_SENT,
    "ConnectionNotAvailable": Outcome.NOT_SENT,
    "ExchangeTimeoutError": Outcome.AMBIGUOUS,
    "KeyTimeoutError": Outcome.NOT_SENT,
    "ProxyConnectionError": Outcome.NOT_SENT,
    "ProxyError": Outcome.NOT_SENT,
    "ResponseTooLargeError": Outcome.FINAL,
    "CookieConflict": Outcome.FINAL,
    "InvalidURL": Outcome.FINAL,
    "LocalProtocolError": Outcome.FINAL,
    "StreamError": Outcome.FINAL,
    "TooManyRedirects": Outcome.FINAL,
    "UnsupportedProtocol": Outcome.FINAL,
    "HTTPError": Outcome.AMBIGUOUS,
    "NetworkError": Outcome.AMBIGUOUS,
    "ProtocolError": Outcome.AMBIGUOUS,
    "TimeoutException": Outcome.AMBIGUOUS,
    "OSError": Outcome.AMBIGUOUS,
}

_CHECK_PROXY = (
    "Check the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or the one of your HTTP client."
)


def broken_exchange(
    exc: Exception,
    request: RequestInfo,
    origin: Origin,
    *,
    limit: str | None = None,
    secrets: Iterable[str] = (),
    handled: BaseException | None = None,
) -> Failure | None:
    """Return what an exception means, or None if it is a defect and not a network failure.

    Args:
        exc: The exception.
        request: The request.
        origin: Where the request was sent.
        limit: The limit that a timeout exceeded, such as `timeout of 30 s`.
        secrets: Strings to redact.
        handled: The exception that the caller was handling, which is not a cause.
    """
    if isinstance(exc, UnusableResponseError):
        error = unusable_response(request, exc.response, exc.problem, secrets)
        return Failure(error, Outcome.AMBIGUOUS, f"the response {exc.problem}")
    names = [kind.__name__ for kind in type(exc).__mro__]
    outcome = next((_OUTCOMES[name] for name in names if name in _OUTCOMES), None)
    if outcome is None:
        return None
    if isinstance(exc, ResponseTooLargeError):
        return _too_large(exc, request)
    cause = next((_TIMEOUTS[name] for name in names if name in _TIMEOUTS), None)
    if cause is not None:
        limit = "" if limit is None else f" ({limit})"
        timeout_error = APITimeoutError(
            f"{request} failed: {cause}{limit}. Allow more time, or check that {origin.authority}"
            " is reachable and not overloaded."
        )
        timeout_error.request = request
        return Failure(timeout_error, outcome, cause)
    root = _root_cause(exc, handled)
    if isinstance(exc, ProxyConnectionError):
        cause, _ = _describe(root, exc.proxy)
        cause, advice = f"the proxy failed: {cause}", _CHECK_PROXY
    elif "ProxyError" in names:
        cause, advice = f"the proxy refused ({str(exc).rstrip('.')})", _CHECK_PROXY
    else:
        cause, advice = _describe(root, origin)
    # h11 quotes what it cannot parse.
    cause = redact(cause, secrets)
    # In TLS 1.3 a client learns that its certificate was refused when it reads the response. The
    # request was refused with it.
    if isinstance(root, ssl.SSLCertVerificationError) or _wants_certificate(root):
        outcome = Outcome.FINAL
    connection_error = APIConnectionError(f"{request} failed: {cause}. {advice}")
    connection_error.request = request
    return Failure(connection_error, outcome, cause)


def _too_large(exc: ResponseTooLargeError, request: RequestInfo) -> Failure:
    size = f"{exc.max_bytes} bytes" if exc.max_bytes % 2**20 else f"{exc.max_bytes // 2**20} MiB"
    cause = f"the response is larger than {size}"
    error = APIResponseError(f"{request} failed: {cause} (max_response_bytes). Check the base URL.")
    error.request = request
    return Failure(error, Outcome.FINAL, cause)


# OpenSSL's names of the TLS alerts (RFC 8446, 6.2) that servers send if they do not accept a
# client's certificate, or if there is none.
_CERTIFICATE_ALERTS = (
    "ALERT_ACCESS_DENIED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE",
    "ALERT_HANDSHAKE_FAILURE",
    "ALERT_UNKNOWN_CA",
    "ALERT_UNSUPPORTED_CERTIFICATE",
)


def _wants_certificate(exc: BaseException) -> bool:
    reason = str(getattr(exc, "reason", None) or exc)
    return isinstance(exc, ssl.SSLError) and any(alert in reason for alert in _CERTIFICATE_ALERTS)


def _root_cause(exc: BaseException, handled: BaseException | None) -> BaseException:
    """Return the underlying OS or TLS error, or the exception itself if there is none."""
    current: BaseException | None = exc
    root = exc
    while current is not None and current is not handled:
        # anyio and trio wrap the errors of several addresses in an OSError without a number.
        if isinstance(current, OSError) and (current.errno is not None or root is exc):
            root = current
        if isinstance(current, BaseExceptionGroup):
            current = cast("BaseException", current.exceptions[0])
        else:
            # httpcore's pool suppresses the context (`from None`), but it is still there.
            current = current.__cause__ or current.__context__
    return root


def _describe(root: BaseException, origin: Origin) -> tuple[str, str]:
    """Return what happened, and what to do."""
    check = f"Check the base URL, and that the service runs at {origin.authority}."
    if isinstance(root, ssl.SSLCertVerificationError):
        return untrusted_certificate(root, origin.host)
    if isinstance(root, ssl.SSLError):
        reason = str(getattr(root, "reason", None) or root)
        advice = "Check whether the base URL should start with http:// or https://."
        if _wants_certificate(root):
            advice = (
                "The server may require a client certificate that it trusts: in Python, pass an"
                " ssl_context that has one."
            )
        return f"no TLS connection could be made with {origin.authority} ({reason})", advice
    if isinstance(root, socket.gaierror):
        return f"the host name {origin.host} could not be resolved (DNS: {root.strerror})", check
    if isinstance(root, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(root):
        return f"{origin.authority} refused the connection", check
    if isinstance(root, ConnectionResetError):
        return f"{origin.authority} reset the connection", "Try again."
    # h11 quotes what it cannot parse, as it holds it.
    reason, is_unparsable, _ = (str(root) or type(root).__name__).partition(": bytearray(")
    if is_unparsable:
        return f"{origin.authority} does not speak HTTP ({reason})", check
    return f"the connection to {origin.authority} was lost ({reason.rstrip('.')})", "Try again."


# OpenSSL's numbers of verification errors (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)


def untrusted_certificate(exc: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    """Return why a certificate is not trusted, and what to do."""
    code: int = getattr(exc, "verify_code", 0)
    if code == _EXPIRED:
        advice = (
            "Check the clock of this machine; if it is right, the operator of the server has to"
            " renew its certificate."
        )
    elif code == _NOT_YET_VALID:
        advice = "Check the clock of this machine: it seems to be slow."
    elif code in _OTHER_NAMES:
        advice = (
            f"The certificate is for other host names than {host}: check the base URL, and which"
            " server responds there."
        )
    else:
        advice = (
            "If its issuer is your company's, save the certificate of its CA as a PEM file and"
            " name the file in SSL_CERT_FILE; in Python,"
            " ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) trusts the authorities"
            " that the system trusts. If you do not know the issuer, do not continue."
        )
    reason: str = getattr(exc, "verify_message", "") or str(exc)
    return f"the certificate of {host} is not trusted ({reason.rstrip('.')})", advice


def is_disconnect(exc: Exception) -> bool:
    """Return whether httpcore or httpx reports a lost connection."""
    return type(exc).__name__ in ("ReadError", "RemoteProtocolError")
