"""What an exception within an exchange means to the user."""

from __future__ import annotations

import socket
import ssl

import httpcore
import httpx
import pytest

from root._concurrency.waiting import ExchangeTimeoutError, KeyTimeoutError
from root._http.exceptions import (
    ProxyConnectionError,
    ResponseTooLargeError,
    UnusableResponseError,
)
from root._http.failures import (
    Failure,
    broken_exchange,
    is_disconnect,
    untrusted_certificate,
)
from root._http.messages import Origin, RawResponse
from root._http.retry import Outcome
from root.errors import APIConnectionError, APIResponseError, APITimeoutError, RequestInfo

INFO = RequestInfo("GET", "https://api.example/v1/models/")
ORIGIN = Origin("https", "api.example", None)
SECRET = "sk-0123456789abcdef"

NOT_SENT, AMBIGUOUS, FINAL = Outcome.NOT_SENT, Outcome.AMBIGUOUS, Outcome.FINAL


def failure_of(
    exc: Exception,
    *,
    limit: str | None = None,
    secrets: tuple[str, ...] = (),
    handled: BaseException | None = None,
) -> Failure:
    """Return what an exception means."""
    failure = broken_exchange(exc, INFO, ORIGIN, limit=limit, secrets=secrets, handled=handled)
    assert failure is not None
    assert failure.error.request == INFO
    return failure


def certificate_error(message: str = "self-signed certificate", code: int = 18) -> ssl.SSLError:
    # OpenSSL sets these attributes where it raises the exception.
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message = message
    error.verify_code = code
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return error


def tls_error(reason: str = "WRONG_VERSION_NUMBER") -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


def caused(exc: Exception, *causes: BaseException) -> Exception:
    """Return the exception with a chain of causes."""
    for outer, inner in zip((exc, *causes), causes, strict=False):
        outer.__cause__ = inner
    return exc


TIMEOUTS = {
    "ConnectTimeout": (NOT_SENT, "no connection was made in time"),
    "PoolTimeout": (NOT_SENT, "no connection was free in time"),
    "ReadTimeout": (AMBIGUOUS, "the response did not arrive in time"),
    "WriteTimeout": (AMBIGUOUS, "the request could not be sent completely in time"),
}
BROKEN = {
    "ConnectError": NOT_SENT,
    "ProxyError": NOT_SENT,
    "ReadError": AMBIGUOUS,
    "WriteError": AMBIGUOUS,
    "NetworkError": AMBIGUOUS,
    "ProtocolError": AMBIGUOUS,
    "RemoteProtocolError": AMBIGUOUS,
    "LocalProtocolError": FINAL,
    "UnsupportedProtocol": FINAL,
}
LIBRARIES = {"httpcore": httpcore, "httpx": httpx}


def exception(library: str, name: str, text: str = "It broke.") -> Exception:
    kind: type[Exception] = getattr(LIBRARIES[library], name)
    return kind(text)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "outcome", "cause"), [(n, *rest) for n, rest in TIMEOUTS.items()])
@pytest.mark.parametrize(
    ("limit", "shown"), [(None, "in time. "), ("timeout of 0.25 s", "in time (timeout of 0.25 s)")]
)
def test_timeouts(
    library: str, name: str, outcome: Outcome, cause: str, limit: str | None, shown: str
) -> None:
    """The error for a timeout names its kind and its length, and advises to allow more time."""
    failure = failure_of(exception(library, name), limit=limit)

    assert type(failure.error) is APITimeoutError
    assert (failure.outcome, failure.cause) == (outcome, cause)
    message = str(failure.error)
    assert message.startswith(f"GET https://api.example/v1/models/ failed: {cause}")
    assert shown in message
    assert "Allow more time" in message


@pytest.mark.parametrize(
    ("exc", "outcome", "cause"),
    [
        (ExchangeTimeoutError(), AMBIGUOUS, "the response did not arrive in time"),
        (KeyTimeoutError(), NOT_SENT, "the api_key function did not return in time"),
    ],
    ids=["exchange", "key"],
)
def test_timeouts_of_a_whole_attempt(exc: Exception, outcome: Outcome, cause: str) -> None:
    """An exchange that takes too long as a whole, and a key that does, have the same error."""
    failure = failure_of(exc)

    assert type(failure.error) is APITimeoutError
    assert (failure.outcome, failure.cause) == (outcome, cause)


def test_advice_for_a_key_that_takes_too_long() -> None:
    """The advice for an `api_key` function that takes too long does not concern the network."""
    message = str(failure_of(KeyTimeoutError()).error)

    assert "the api_key function did not return in time" in message
    assert "have the function return a key that it keeps" in message
    assert "reachable" not in message


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "outcome"), BROKEN.items())
def test_lost_connections(library: str, name: str, outcome: Outcome) -> None:
    """Each class of network errors determines whether the request may have arrived."""
    failure = failure_of(exception(library, name))

    assert type(failure.error) is APIConnectionError
    assert failure.outcome is outcome
    assert failure.cause is not None
    assert failure.cause.endswith(" (It broke)")
    assert str(failure.error).startswith(
        f"GET https://api.example/v1/models/ failed: {failure.cause}. "
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_base_class_of_timeouts(library: str) -> None:
    """The base class of timeouts is a timeout, too."""
    failure = failure_of(exception(library, "TimeoutException"))

    assert type(failure.error) is APITimeoutError
    assert failure.outcome is AMBIGUOUS


def test_a_connection_that_is_not_available() -> None:
    """A connection that httpcore gives up before using it has sent nothing."""
    assert failure_of(httpcore.ConnectionNotAvailable()).outcome is NOT_SENT


@pytest.mark.parametrize(
    "exc",
    [
        httpx.HTTPError("It broke."),
        httpx.RequestError("It broke."),
        httpx.TransportError("It broke."),
        httpx.CloseError("It broke."),
        httpx.DecodingError("It broke."),
        httpx.TooManyRedirects("It broke."),
        httpx.HTTPStatusError(
            "It broke.",
            request=httpx.Request("GET", "https://api.example"),
            response=httpx.Response(500),
        ),
        httpx.InvalidURL("It broke."),
        httpx.CookieConflict("It broke."),
        httpx.StreamError("It broke."),
        httpx.StreamConsumed(),
        httpx.StreamClosed(),
        httpx.ResponseNotRead(),
        httpx.RequestNotRead(),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_other_exceptions_of_httpx(exc: Exception) -> None:
    """All other exceptions of httpx, which a user's client with hooks may raise, have an error."""
    failure = failure_of(exc)

    assert isinstance(failure.error, APIConnectionError | APIResponseError)
    assert failure.outcome in (AMBIGUOUS, FINAL)


REFUSED = "api.example refused the connection"
CAUSES = [
    pytest.param(
        [ConnectionRefusedError(111, "Connection refused")],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused",
    ),
    pytest.param(
        [OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] x")],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused by each address, from asyncio",
    ),
    pytest.param(
        [
            OSError("All connection attempts failed"),
            ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"),
        ],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused, from anyio",
    ),
    pytest.param(
        [
            OSError("all attempts to connect to api.example failed"),
            ExceptionGroup(
                "all attempts failed",
                [ConnectionRefusedError(111, "Refused"), ConnectionRefusedError(111, "Refused")],
            ),
        ],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused, from trio",
    ),
    pytest.param(
        [socket.gaierror(-2, "Name or service not known")],
        NOT_SENT,
        "the host name api.example could not be resolved (DNS: Name or service not known)",
        "Check the base URL",
        id="DNS",
    ),
    pytest.param(
        [certificate_error()],
        FINAL,
        "the certificate of api.example is not trusted (self-signed certificate)",
        "SSL_CERT_FILE",
        id="certificate",
    ),
    pytest.param(
        [tls_error()],
        NOT_SENT,
        "no TLS connection could be made with api.example (WRONG_VERSION_NUMBER)",
        "http:// or https://",
        id="TLS",
    ),
    pytest.param(
        [ssl.SSLError("Python's own text")],
        NOT_SENT,
        "no TLS connection could be made with api.example (",
        "http:// or https://",
        id="TLS without a reason",
    ),
    pytest.param(
        [tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED")],
        FINAL,
        "no TLS connection could be made with api.example (TLSV13_ALERT_CERTIFICATE_REQUIRED)",
        "pass an ssl_context",
        id="client certificate",
    ),
    pytest.param(
        [ConnectionResetError(104, "Connection reset by peer")],
        NOT_SENT,
        "api.example reset the connection",
        "Try again",
        id="reset",
    ),
    pytest.param(
        [OSError(101, "Network is unreachable")],
        NOT_SENT,
        "the connection to api.example was lost ([Errno 101] Network is unreachable)",
        "Try again",
        id="network",
    ),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("causes", "outcome", "cause", "advice"), CAUSES)
def test_causes_of_a_failed_connection(
    library: str, causes: list[Exception], outcome: Outcome, cause: str, advice: str
) -> None:
    """The error has the reason of the operating system or OpenSSL, and what to do."""
    chain = causes if library == "httpcore" else [httpcore.ConnectError("It broke."), *causes]

    failure = failure_of(caused(exception(library, "ConnectError"), *chain))

    assert type(failure.error) is APIConnectionError
    assert failure.outcome is outcome
    assert failure.cause is not None
    assert failure.cause.startswith(cause)
    assert f"failed: {cause}" in str(failure.error)
    assert advice in str(failure.error)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_connection_that_was_reset_while_reading(library: str) -> None:
    """A reset while the response is read is ambiguous."""
    exc = caused(exception(library, "ReadError", ""), ConnectionResetError(104, "Reset"))

    failure = failure_of(exc)

    assert failure.outcome is AMBIGUOUS
    assert failure.cause == "api.example reset the connection"


@pytest.mark.parametrize(
    "reason", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"]
)
def test_a_client_certificate_that_was_refused_while_reading(reason: str) -> None:
    """In TLS 1.3 the refusal arrives with the response; the request was refused with it."""
    exc = caused(httpcore.ReadError("It broke."), tls_error(reason))

    assert failure_of(exc).outcome is FINAL


@pytest.mark.parametrize(
    ("name", "cause", "outcome", "description"),
    [
        ("ConnectError", certificate_error(), FINAL, "is not trusted (self-signed certificate)"),
        ("ConnectError", socket.gaierror(-2, "Unknown"), NOT_SENT, "could not be resolved"),
        ("RemoteProtocolError", RuntimeError("Cut off."), AMBIGUOUS, "was lost (It broke)"),
    ],
    ids=["certificate", "DNS", "protocol"],
)
def test_the_exception_that_the_caller_handles_is_not_a_cause(
    name: str, cause: Exception, outcome: Outcome, description: str
) -> None:
    """The failure of a call in an `except` block is not explained by the handled exception."""
    exc = exception("httpcore", name)
    handled = ConnectionRefusedError(111, "Connection refused")
    try:
        raise handled
    except ConnectionRefusedError:
        with pytest.raises(type(exc)) as error:
            try:
                raise cause
            except type(cause) as inner:
                raise exc from inner

    failure = failure_of(error.value, handled=handled)

    assert failure.outcome is outcome
    assert failure.cause is not None
    assert description in failure.cause


def test_an_exception_without_text() -> None:
    """An exception without a text is described by the name of its class."""
    cause = failure_of(httpcore.ReadError()).cause

    assert cause == "the connection to api.example was lost (ReadError)"


@pytest.mark.parametrize(
    ("exc", "outcome", "cause"),
    [
        (OSError(5, "Input/output error"), AMBIGUOUS, "the connection to api.example was lost"),
        (ConnectionResetError(104, "x"), AMBIGUOUS, "api.example reset the connection"),
    ],
    ids=["OSError", "reset"],
)
def test_exceptions_of_the_operating_system(exc: Exception, outcome: Outcome, cause: str) -> None:
    """An OSError that httpcore did not wrap has an error, too."""
    failure = failure_of(exc)

    assert type(failure.error) is APIConnectionError
    assert failure.outcome is outcome
    assert failure.cause is not None
    assert failure.cause.startswith(cause)


def test_a_server_that_does_not_speak_http() -> None:
    """The bytes that h11 cannot parse, and quotes, are not in the error."""
    exc = httpcore.RemoteProtocolError(f"illegal status line: bytearray(b'SSH-2.0 {SECRET}')")

    failure = failure_of(exc)

    assert failure.cause == "api.example does not speak HTTP (illegal status line)"
    assert SECRET not in str(failure.error)


def test_a_secret_in_the_text_of_an_exception_is_redacted() -> None:
    """A secret that a library quotes in its exception is not in the error."""
    failure = failure_of(httpcore.RemoteProtocolError(f"Illegal {SECRET}."), secrets=(SECRET,))

    assert failure.cause == "the connection to api.example was lost (Illegal [redacted])"
    assert SECRET not in str(failure.error)


def test_a_proxy_that_cannot_be_reached() -> None:
    """The error names the proxy instead of the service, and advises to check it."""
    exc = ProxyConnectionError(Origin("http", "proxy.example", 3128))
    caused(exc, httpcore.ConnectError("x"), ConnectionRefusedError(111, "Connection refused"))

    failure = failure_of(exc)

    assert failure.outcome is NOT_SENT
    assert failure.cause == "the proxy failed: proxy.example:3128 refused the connection"
    assert "Check the proxy in HTTPS_PROXY" in str(failure.error)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_proxy_that_refuses(library: str) -> None:
    """The error has the response of the proxy, and advises to check it."""
    failure = failure_of(exception(library, "ProxyError", "407 Proxy Authentication Required"))

    assert failure.cause == "the proxy refused (407 Proxy Authentication Required)"
    assert "Check the proxy in HTTPS_PROXY" in str(failure.error)


def test_a_response_that_is_too_large() -> None:
    """A response above the limit is not a connection error, and is not retried."""
    failure = failure_of(ResponseTooLargeError(2**26))

    assert type(failure.error) is APIResponseError
    assert failure.outcome is FINAL
    assert failure.cause == "the response is larger than 64 MiB"
    assert "Check the base URL" in str(failure.error)


def test_a_limit_in_bytes() -> None:
    """A limit that is not a number of MiB is given in bytes, with the name of its setting."""
    error = failure_of(ResponseTooLargeError(1000)).error

    assert "is larger than 1000 bytes (max_response_bytes)." in str(error)


def test_a_factor_that_is_too_large() -> None:
    """The error for a body that was compressed by too large a factor advises what to do."""
    error = failure_of(ResponseTooLargeError(2**22, 7000)).error

    assert "is larger than 4 MiB, decompressed from 7000 bytes" in str(error)
    assert "Accept-Encoding: identity" in str(error)


def test_a_truncated_response() -> None:
    """A response that is not complete is ambiguous, and its error quotes what arrived."""
    exc = UnusableResponseError(RawResponse(200, [], b'{"id": "a'), "is truncated")

    failure = failure_of(exc)

    assert type(failure.error) is APIResponseError
    assert failure.outcome is AMBIGUOUS
    assert failure.cause == "the response is truncated"
    assert failure.error.body == '{"id": "a'


@pytest.mark.parametrize(
    "exc", [ValueError("x"), RuntimeError("x"), KeyError("x"), AssertionError()], ids=repr
)
def test_defects_are_not_network_failures(exc: Exception) -> None:
    """An exception that is not of the network is not turned into an error of this package."""
    assert broken_exchange(exc, INFO, ORIGIN) is None


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (9, "it seems to be slow"),
        (10, "has to renew its certificate"),
        (62, "other host names than api.example"),
        (64, "other host names than api.example"),
        (3, "load a current list"),
        (12, "load a current list"),
        (23, "has revoked it"),
        (26, "not valid for this server"),
        (47, "not valid for this server"),
        (66, "too weak"),
        (68, "too weak"),
        (79, "not valid for this server"),
        (85, "~ssl.VERIFY_X509_STRICT"),
        (89, "~ssl.VERIFY_X509_STRICT"),
        (92, "~ssl.VERIFY_X509_STRICT"),
        (2, "SSL_CERT_FILE"),
        (18, "SSL_CERT_FILE"),
        (19, "SSL_CERT_FILE"),
        (20, "SSL_CERT_FILE"),
        (21, "SSL_CERT_FILE"),
        # truststore's, of the system.
        (0x800B0109, "SSL_CERT_FILE"),
        (-67843, "SSL_CERT_FILE"),
    ],
)
def test_advice_on_certificates(code: int, advice: str) -> None:
    """Each reason why a certificate is not trusted has its advice, and no other."""
    error = certificate_error("the reason of OpenSSL.", code)
    assert isinstance(error, ssl.SSLCertVerificationError)

    reason, what_to_do = untrusted_certificate(error, "api.example")

    assert reason == "the certificate of api.example is not trusted (the reason of OpenSSL)"
    assert advice in what_to_do
    assert ("SSL_CERT_FILE" in what_to_do) is (advice == "SSL_CERT_FILE")


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("WRONG_VERSION_NUMBER", "http:// or https://"),
        ("HTTP_REQUEST", "http:// or https://"),
        ("RECORD_LAYER_FAILURE", "http:// or https://"),
        ("TLSV1_ALERT_INTERNAL_ERROR", "http:// or https://"),
        ("UNEXPECTED_EOF_WHILE_READING", "closed the connection"),
        ("TLSV1_UNRECOGNIZED_NAME", "does not know this host name"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "no version of TLS"),
        ("UNSUPPORTED_PROTOCOL", "no version of TLS"),
        ("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "no version of TLS"),
        ("DH_KEY_TOO_SMALL", "no version of TLS"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "no version of TLS"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "client certificate"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "client certificate"),
        ("TLSV1_ALERT_UNKNOWN_CA", "client certificate"),
    ],
)
def test_advice_on_handshakes(reason: str, advice: str) -> None:
    """Each kind of TLS handshake that fails has its advice."""
    message = str(failure_of(caused(httpcore.ConnectError("x"), tls_error(reason))).error)

    assert f"no TLS connection could be made with api.example ({reason})" in message
    assert advice in message
    assert ("scheme" in message or "http:// or" in message) is (
        advice in ("http:// or https://", "closed the connection")
    )


def test_a_tls_connection_that_breaks() -> None:
    """An error of TLS after the handshake is not one of the handshake."""
    exc = caused(httpcore.ReadError("x"), tls_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"))

    failure = failure_of(exc)

    assert failure.outcome is AMBIGUOUS
    assert failure.cause == (
        "the TLS connection to api.example broke (DECRYPTION_FAILED_OR_BAD_RECORD_MAC)"
    )
    assert "http://" not in str(failure.error)


def test_the_certificate_of_a_proxy() -> None:
    """The advice on the certificate of a proxy is about this certificate."""
    exc = ProxyConnectionError(Origin("https", "proxy.example", None))
    caused(exc, httpcore.ConnectError("x"), certificate_error("certificate has expired", 10))

    message = str(failure_of(exc).error)

    assert "the proxy failed: the certificate of proxy.example is not trusted" in message
    assert "Check the clock" in message


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ReadError", True),
        ("RemoteProtocolError", True),
        ("WriteError", False),
        ("ReadTimeout", False),
        ("ConnectError", False),
    ],
)
def test_is_disconnect(library: str, name: str, expected: bool) -> None:
    """Only exceptions while reading mean that the server has closed the connection."""
    assert is_disconnect(exception(library, name)) is expected
