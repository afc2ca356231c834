"""What breaks an exchange, and what it is called: our exceptions on the way, and the user's errors.

Errors of httpcore and httpx come in here and errors of ours go out.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from ._redaction import scrub
from ._retry import Outcome
from .errors import (
    MOST_TEXT,
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    RequestInfo,
    excerpt,
)

if TYPE_CHECKING:
    from ._http import Address, Answer, Proxy

__all__ = [
    "AnswerTooLargeError",
    "ClientClosedError",
    "ExchangeTimeoutError",
    "KeyTimeoutError",
    "ProxyFailedError",
    "UnusableAnswerError",
    "broke_off",
    "broken_exchange",
    "not_trusted",
    "unusable",
]


class AnswerTooLargeError(Exception):
    """More bytes came than are read at most; reading stopped there."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The answer is larger than {most} bytes.")
        self.most = most


class ClientClosedError(Exception):
    """The client was closed after the call had begun; the request at hand was not sent."""


class UnusableAnswerError(Exception):
    """The body is cut off, or not packed as it says: `problem` goes on the sentence."""

    def __init__(self, answer: Answer, problem: str) -> None:
        super().__init__(f"The answer {problem}.")
        self.answer = answer
        self.problem = problem


class ProxyFailedError(Exception):
    """There is no connection to the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(f"The proxy {proxy.address.authority} could not be reached.")
        self.address = proxy.address


class ExchangeTimeoutError(Exception):
    """An exchange over an http client of the user's was not done in time."""


class KeyTimeoutError(Exception):
    """The function that gives the key did not do so in time."""


def unusable(
    request: RequestInfo, answer: Answer, problem: str, secrets: Iterable[str]
) -> APIResponseError:
    """Return the error for an answer that is not what the API says it is.

    Args:
        request: The request that was answered so.
        answer: The answer.
        problem: What is wrong with it, as the sentence goes on.
        secrets: Strings that must not show.
    """
    text = scrub(answer.content[:MOST_TEXT].decode("utf-8", "replace"), secrets)
    content_type = scrub(answer.header(b"content-type") or "no content type", secrets)
    looks_wrong = "html" in content_type.lower() or text.lstrip()[:1] == "<"
    advice = (
        " This is a web page, not the API: check the base URL, and any proxy in between."
        if looks_wrong
        else " If this lasts, report it to the service with what stands here."
    )
    sentence = f"{request} answered {answer.status}, but the answer {problem} ({content_type}):"
    error = APIResponseError(scrub(f"{sentence} {excerpt(text)!r}.{advice}", secrets))
    error.request = request
    error.status_code = answer.status
    error.body = text
    return error


_TIMEOUTS = {
    "ConnectTimeout": "no connection was made",
    "ExchangeTimeoutError": "the answer did not come",
    "KeyTimeoutError": "the api_key function gave no key",
    "PoolTimeout": "no connection came free",
    "ReadTimeout": "the answer did not come",
    "WriteTimeout": "the request could not be sent",
    "TimeoutException": "the exchange was not done",
}
# Exception classes of httpcore and httpx, which are named alike, and our own, and what they say
# about the request: the first of a class's names that stands here holds.
_OUTCOMES = {
    "ConnectTimeout": Outcome.NOT_SENT,
    "PoolTimeout": Outcome.NOT_SENT,
    "ConnectError": Outcome.NOT_SENT,
    "ConnectionNotAvailable": Outcome.NOT_SENT,
    "ExchangeTimeoutError": Outcome.AMBIGUOUS,
    "KeyTimeoutError": Outcome.NOT_SENT,
    "ProxyFailedError": Outcome.NOT_SENT,
    "ProxyError": Outcome.NOT_SENT,
    "AnswerTooLargeError": Outcome.FINAL,
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


def broken_exchange(
    exc: Exception,
    request: RequestInfo,
    address: Address,
    *,
    bound: str | None = None,
    secrets: Iterable[str] = (),
    handled: BaseException | None = None,
) -> tuple[APIConnectionError | APIResponseError, Outcome, str] | None:
    """Name what broke an exchange: the error, what it means for a repetition, and the cause.

    Returns None for an exception that is nobody's network trouble but a defect.

    Args:
        exc: What was raised.
        request: The request.
        address: Where it went.
        bound: The bound that a time-out ran into, such as `timeout of 30 s`.
        secrets: Strings that must not show.
        handled: What the caller was handling when it called, which is no cause.
    """
    error: APIConnectionError | APIResponseError
    names = [kind.__name__ for kind in type(exc).__mro__]
    if isinstance(exc, UnusableAnswerError):
        error = unusable(request, exc.answer, exc.problem, secrets)
        return error, Outcome.AMBIGUOUS, f"the answer {exc.problem}"
    outcome = next((_OUTCOMES[name] for name in names if name in _OUTCOMES), None)
    if outcome is None:
        return None
    late = next((name for name in names if name in _TIMEOUTS), None)
    if late is not None:
        cause = f"{_TIMEOUTS[late]} in time"
        told = "" if bound is None else f" ({bound})"
        error = APITimeoutError(
            f"{request} failed: {cause}{told}. Give it more time, or look at whether"
            f" {address.authority} is reachable and not overloaded."
        )
    elif isinstance(exc, AnswerTooLargeError):
        size = f"{exc.most} bytes" if exc.most % 2**20 else f"{exc.most // 2**20} MiB"
        cause = f"the answer is larger than {size}"
        error = APIResponseError(
            f"{request} failed: {cause} (max_response_bytes). Check the base URL."
        )
    else:
        root = _root_cause(exc, handled)
        if isinstance(exc, ProxyFailedError):
            cause, _ = _cause(root, exc.address)
            cause, advice = f"the proxy failed: {cause}", _CHECK_PROXY
        elif "ProxyError" in names:
            cause, advice = f"the proxy refused ({str(exc).rstrip('.')})", _CHECK_PROXY
        else:
            cause, advice = _cause(root, address)
        # h11 quotes what it cannot read.
        cause = scrub(cause, secrets)
        error = APIConnectionError(f"{request} failed: {cause}. {advice}")
        # In TLS 1.3 a client hears that its certificate was refused where an answer would be. The
        # request was refused with it.
        if isinstance(root, ssl.SSLCertVerificationError) or _wants_certificate(root):
            outcome = Outcome.FINAL
    error.request = request
    return error, outcome, cause


_CHECK_PROXY = (
    "Check the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names, or your http client's."
)


# OpenSSL's names for the TLS alerts (RFC 8446, 6.2) of servers that do not like a client's
# certificate, or miss it.
_WANTS_CERTIFICATE = (
    "ALERT_ACCESS_DENIED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE",
    "ALERT_HANDSHAKE_FAILURE",
    "ALERT_UNKNOWN_CA",
    "ALERT_UNSUPPORTED_CERTIFICATE",
)


def _wants_certificate(exc: BaseException) -> bool:
    reason = str(getattr(exc, "reason", None) or exc)
    return isinstance(exc, ssl.SSLError) and any(alert in reason for alert in _WANTS_CERTIFICATE)


def _root_cause(exc: BaseException, handled: BaseException | None) -> BaseException:
    """Return the exception that says most: the operating system's or OpenSSL's, if there is one."""
    found: BaseException | None = exc
    best = exc
    while found is not None and found is not handled:
        # anyio and trio put an OSError without a number around those of the addresses they tried.
        if isinstance(found, OSError) and (found.errno is not None or best is exc):
            best = found
        if isinstance(found, BaseExceptionGroup):
            found = cast("BaseException", found.exceptions[0])
        else:
            # httpcore's own pool hides the cause (`from None`), but not from here.
            found = found.__cause__ or found.__context__
    return best


def _cause(root: BaseException, address: Address) -> tuple[str, str]:
    """Return what happened, and what to do."""
    reach = f"Check the base URL, and that the service runs at {address.authority}."
    if isinstance(root, ssl.SSLCertVerificationError):
        return not_trusted(root, address.host)
    if isinstance(root, ssl.SSLError):
        reason = str(getattr(root, "reason", None) or root)
        advice = "Check whether the base URL should start with http:// or https://."
        if _wants_certificate(root):
            advice = (
                "The server may want a client certificate that it trusts: in Python give an"
                " ssl_context that has one."
            )
        return f"no TLS connection could be made with {address.authority} ({reason})", advice
    if isinstance(root, socket.gaierror):
        return f"the host name {address.host} could not be resolved (DNS: {root.strerror})", reach
    if isinstance(root, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(root):
        return f"{address.authority} refused the connection", reach
    if isinstance(root, ConnectionResetError):
        return f"{address.authority} reset the connection", "Try again."
    # h11 shows what it cannot read, and how it holds that.
    said, unreadable, _ = (str(root) or type(root).__name__).partition(": bytearray(")
    if unreadable:
        return f"what {address.authority} answered is no HTTP ({said})", reach
    return f"the exchange with {address.authority} broke off ({said.rstrip('.')})", "Try again."


# OpenSSL's numbers of what can be wrong with a certificate (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)


def not_trusted(exc: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    """Return why a certificate is not trusted, and what to do."""
    code: int = getattr(exc, "verify_code", 0)
    if code == _EXPIRED:
        advice = (
            "Check the clock of this machine; if it is right, whoever runs the server has to"
            " renew its certificate."
        )
    elif code == _NOT_YET_VALID:
        advice = "Check the clock of this machine: it seems to be behind."
    elif code in _OTHER_NAMES:
        advice = f"The server is not known as {host}: check the base URL, and who answers there."
    else:
        advice = (
            "If its issuer is your company's, save the certificate of its CA as a PEM file and"
            " name the file in SSL_CERT_FILE; in Python,"
            " ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) trusts whom the system"
            " trusts. If you do not know the issuer, do not go on."
        )
    reason: str = getattr(exc, "verify_message", "") or str(exc)
    return f"the certificate of {host} is not trusted ({reason.rstrip('.')})", advice


def broke_off(exc: Exception) -> bool:
    """Return whether this is how httpcore and httpx say that the connection broke off."""
    return type(exc).__name__ in ("ReadError", "RemoteProtocolError")
