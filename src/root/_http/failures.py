"""What an exception within an exchange means to the user: an error, and whether to retry.

Exceptions of httpcore, httpx and the operating system come in, and errors of this package go out.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, cast

from .._secrets.redact import printable, redact
from ..errors import APIConnectionError, APIResponseError, APITimeoutError, RootSignalsError
from .bodies import unusable_response
from .exceptions import ProxyConnectionError, ResponseTooLargeError, UnusableResponseError
from .retry import Outcome

if TYPE_CHECKING:
    from ..errors import RequestInfo
    from .messages import Origin

__all__ = ["Failure", "broken_exchange", "is_disconnect", "tls_advice", "untrusted_certificate"]


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
    "WriteTimeout": "the request could not be sent completely in time",
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
        if "KeyTimeoutError" in names:
            advice = "have the function return a key that it keeps: it is called for each attempt."
        else:
            advice = f"check that {origin.authority} is reachable and not overloaded."
        timeout_error = APITimeoutError(
            f"{request} failed: {cause}{limit}. Allow more time, or {advice}"
        )
        timeout_error.request = request
        return Failure(timeout_error, outcome, cause)
    root = _root_cause(exc, handled)
    if isinstance(exc, ProxyConnectionError):
        cause, advice = _describe(root, exc.proxy, is_connected=False)
        cause = f"the proxy failed: {cause}"
        if not isinstance(root, ssl.SSLCertVerificationError):
            advice = _CHECK_PROXY
    elif "ProxyError" in names:
        cause, advice = f"the proxy refused ({str(exc).rstrip('.')})", _CHECK_PROXY
    else:
        cause, advice = _describe(root, origin, is_connected=outcome is not Outcome.NOT_SENT)
    # h11 quotes what it cannot parse.
    cause = printable(redact(cause, secrets))
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
    if exc.compressed is None:
        advice = "(max_response_bytes). Check the base URL, or raise the limit."
    else:
        cause += f", decompressed from {exc.compressed} bytes"
        advice = "(such a factor is not accepted). Send the header Accept-Encoding: identity."
    error = APIResponseError(f"{request} failed: {cause} {advice}")
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
    return isinstance(exc, ssl.SSLError) and any(
        alert in tls_reason(exc) for alert in _CERTIFICATE_ALERTS
    )


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


def _describe(root: BaseException, origin: Origin, *, is_connected: bool) -> tuple[str, str]:
    """Return what happened, and what to do.

    Args:
        root: The underlying error.
        origin: The server.
        is_connected: Whether there was a connection to it.
    """
    check = f"Check the base URL, and that the service runs at {origin.authority}."
    if isinstance(root, ssl.SSLCertVerificationError):
        return untrusted_certificate(root, origin.host)
    if isinstance(root, ssl.SSLError):
        reason = tls_reason(root)
        if is_connected and not _wants_certificate(root):
            return f"the TLS connection to {origin.authority} broke ({reason})", "Try again."
        cause = f"no TLS connection could be made with {origin.authority} ({reason})"
        return cause, tls_advice(root)
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


def tls_advice(exc: ssl.SSLError) -> str:
    """Return what to do if no TLS connection could be made, although no certificate was refused."""
    reason = tls_reason(exc)
    if "ALERT_HANDSHAKE_FAILURE" in reason:
        return f"{_NEEDS_CERTIFICATE} Or else: {_NOTHING_IN_COMMON}"
    if _wants_certificate(exc):
        return _NEEDS_CERTIFICATE
    if any(name in reason for name in _INCOMPATIBLE):
        return _NOTHING_IN_COMMON
    if "UNRECOGNIZED_NAME" in reason:
        return "The server does not know this host name: check the base URL."
    if isinstance(exc, ssl.SSLEOFError) or "UNEXPECTED_EOF" in reason:
        return (
            "The server, or a firewall or proxy in between, closed the connection: check the port,"
            " whether the base URL should start with http:// or https://, and whether a proxy is"
            " required (HTTPS_PROXY)."
        )
    return "Check the port, and whether the base URL should start with http:// or https://."


def tls_reason(exc: ssl.SSLError) -> str:
    """Return OpenSSL's name of an error."""
    return str(getattr(exc, "reason", None) or exc)


_NEEDS_CERTIFICATE = (
    "The server may require a client certificate that it trusts: in Python, pass an ssl_context"
    " that has one."
)
_NOTHING_IN_COMMON = (
    "The server and this Python may have no version of TLS, or no cipher, in common: the operator"
    " of the server has to update it; in Python, an ssl_context may allow older ones."
)
# OpenSSL's names of errors, and of alerts from servers, for lack of a version or a cipher.
_INCOMPATIBLE = (
    *("ALERT_INSUFFICIENT_SECURITY", "ALERT_PROTOCOL_VERSION", "DH_KEY_TOO_SMALL"),
    *("NO_PROTOCOLS_AVAILABLE", "NO_SHARED_CIPHER", "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"),
    *("UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION"),
)

# OpenSSL's numbers of verification errors (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _REVOKED = 9, 10, 23
_NO_REVOCATION_LIST = (3, 12, 33)
_OTHER_NAMES = (62, 64)
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21, 27)
_TOO_WEAK = (66, 67, 68)
# Those of VERIFY_X509_STRICT.
_NOT_STRICT = range(80, 95)
_ALL_CODES = range(1, 200)


def untrusted_certificate(exc: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    """Return why a certificate is not trusted, and what to do."""
    reason: str = getattr(exc, "verify_message", "") or str(exc)
    advice = _certificate_advice(getattr(exc, "verify_code", 0), host)
    return f"the certificate of {host} is not trusted ({reason.rstrip('.')})", advice


def _certificate_advice(code: int, host: str) -> str:
    if code == _EXPIRED:
        return (
            "Check the clock of this machine; if it is right, the operator of the server has to"
            " renew its certificate, or that of its issuer, whichever has expired."
        )
    if code == _NOT_YET_VALID:
        return (
            "Check the clock of this machine: it seems to be slow. If it is right, the certificate"
            " is not valid yet."
        )
    if code in _OTHER_NAMES:
        return (
            f"The certificate is for other host names than {host}: check the base URL, and which"
            " server responds there."
        )
    if code in _NOT_STRICT:
        return (
            "It, or the certificate of an issuer, breaks a rule of RFC 5280 that Python checks"
            " since 3.13 (VERIFY_X509_STRICT); trusting the issuer does not help. The issuer, such"
            " as your company's CA, has to correct it. Until then, in Python, pass an ssl_context"
            " without this check: context = ssl.create_default_context(); context.verify_flags &="
            " ~ssl.VERIFY_X509_STRICT."
        )
    if code in _NO_REVOCATION_LIST:
        return (
            "The ssl_context requires revocation lists (VERIFY_CRL_CHECK_LEAF or _CHAIN): load a"
            " current list of this issuer into it with load_verify_locations."
        )
    if code == _REVOKED:
        return "Its issuer has revoked it: do not continue, and ask the operator of the server."
    if code in _TOO_WEAK:
        return (
            "Its key or signature, or that of an issuer, is too weak for the security level of"
            " OpenSSL: the operator of the server has to replace the certificate."
        )
    if code in _ALL_CODES and code not in _UNKNOWN_ISSUER:
        return (
            "It, or the certificate of an issuer, is not valid for this server; trusting the issuer"
            " does not help. The operator of the server has to replace it."
        )
    return (
        "If its issuer is your company's, save the certificate of its CA as a PEM file and name the"
        " file in SSL_CERT_FILE, or add it to the file that is named there already. In Python,"
        " load it into your ssl_context, or pass"
        " ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), which trusts the authorities"
        " that the system trusts. If you do not know the issuer, do not continue."
    )


def is_disconnect(exc: Exception) -> bool:
    """Return whether httpcore or httpx reports a lost connection."""
    return type(exc).__name__ in ("ReadError", "RemoteProtocolError")
