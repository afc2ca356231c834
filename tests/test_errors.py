"""The error tree: its classes, their attributes, and that errors can be copied and pickled."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest

from root import RootSignals, errors
from root.errors import (
    NOT_STARTED,
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    ApplyError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    BulkError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    JSONValue,
    MissingKeyError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    RegistryError,
    RequestInfo,
    RootSignalsError,
    ServerError,
    VerificationError,
    WorkFailedError,
)
from root.models import Change

CHANGE = Change("delete", "a", "9b2f")

REQUEST = RequestInfo("POST", "https://api.example/v1/models/")

ALL_ERRORS = [
    RootSignalsError,
    ConfigurationError,
    MissingKeyError,
    InvalidRequestError,
    APIConnectionError,
    APITimeoutError,
    APIResponseError,
    APIStatusError,
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    NotFoundError,
    ConflictError,
    RateLimitError,
    ServerError,
    PaginationError,
    VerificationError,
    WorkFailedError,
    BulkError,
    ApplyError,
    RegistryError,
]


STATUS: dict[type[RootSignalsError], int] = {
    APIStatusError: 418,
    BadRequestError: 400,
    AuthenticationError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitError: 429,
    ServerError: 500,
}


def new_error(kind: type[RootSignalsError]) -> RootSignalsError:
    """Return an error that has only what its class requires."""
    if kind is APIStatusError:
        return APIStatusError("It went wrong.", status_code=418)
    return kind("It went wrong.")


def complete_error(kind: type[RootSignalsError]) -> RootSignalsError:
    """Return an error that has all attributes."""
    error = new_error(kind)
    error.request = REQUEST
    error.status_code = 400
    error.detail = "No."
    error.data = {"name": ["No."]}
    error.request_id = "req-1"
    error.attempts = (Attempt(502, None, 0.5), Attempt(None, "reset", None))
    error.elapsed = 1.5
    error.may_have_been_processed = True
    error.cursor = "cD00ODY="
    if isinstance(error, APIStatusError):
        error.retry_after = 17.0
    if isinstance(error, BadRequestError):
        error.fields = {"name": ["No."]}
    error.add_note("A note of the caller.")
    return error


def test_the_tables_are_complete() -> None:
    """The tables of this module have all error classes."""
    public = {
        kind
        for name in errors.__all__
        if isinstance(kind := getattr(errors, name), type) and issubclass(kind, Exception)
    }

    assert public == set(ALL_ERRORS)


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (RootSignalsError, {Exception}),
        (ConfigurationError, {RootSignalsError, ValueError}),
        (MissingKeyError, {ConfigurationError}),
        (InvalidRequestError, {RootSignalsError, ValueError}),
        (APIConnectionError, {RootSignalsError}),
        (APITimeoutError, {APIConnectionError, TimeoutError}),
        (APIResponseError, {RootSignalsError}),
        (APIStatusError, {RootSignalsError}),
        (BadRequestError, {APIStatusError}),
        (AuthenticationError, {APIStatusError}),
        (PermissionDeniedError, {APIStatusError}),
        (NotFoundError, {APIStatusError}),
        (ConflictError, {APIStatusError}),
        (RateLimitError, {APIStatusError}),
        (ServerError, {APIStatusError}),
        (PaginationError, {RootSignalsError}),
        (VerificationError, {RootSignalsError}),
        (WorkFailedError, {RootSignalsError}),
        (BulkError, {RootSignalsError}),
        (ApplyError, {RootSignalsError}),
        (RegistryError, {RootSignalsError, ValueError}),
    ],
)
def test_the_tree(kind: type[Exception], parents: set[type[Exception]]) -> None:
    """Each class has its place in the tree, and its built-in base class, if any."""
    assert set(kind.__bases__) == parents


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_attributes_of_a_new_error(kind: type[RootSignalsError]) -> None:
    """A new error has all attributes, which are empty."""
    error = new_error(kind)

    assert str(error) == "It went wrong."
    assert error.request is None
    assert error.status_code == STATUS.get(kind)
    assert error.detail is None
    assert error.body is None
    assert error.request_id is None
    assert error.attempts == ()
    assert error.elapsed is None
    assert error.may_have_been_processed is False
    assert error.cursor is None
    if isinstance(error, APIStatusError):
        assert error.retry_after is None
    if isinstance(error, BadRequestError):
        assert error.fields == {}


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_attributes_are_arguments(kind: type[RootSignalsError]) -> None:
    """The constructor takes the attributes, so that a test writes an error as one expression."""
    attributes = {**vars(complete_error(kind))}
    del attributes["__notes__"]
    # The others are what old code calls some of them.
    accepted = inspect.signature(kind).parameters.keys() - {
        *("args", "body", "status", "reason", "http_resp")
    }
    given = {name: attributes[name] for name in accepted}

    error = kind("It went wrong.", **given)

    own = {name for base in kind.__mro__ for name in vars(base).get("__annotations__", ())}
    if kind not in (BulkError, ApplyError, RegistryError, WorkFailedError):
        assert accepted == own - {"_default_status", "_reason", "_headers"}
    assert error.args == ("It went wrong.",)
    assert {name: getattr(error, name) for name in given} == given


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        (BulkError, {"results": ("an ID", NOT_STARTED), "may_have_been_processed": True}),
        (ApplyError, {"done": (CHANGE,), "failed": ((CHANGE, NotFoundError("No.")),)}),
        (ApplyError, {"not_started": (CHANGE,), "may_have_been_processed": True}),
        (RegistryError, {"problems": ("One.", "Another.")}),
    ],
)
def test_attributes_of_work_are_arguments(
    kind: type[RootSignalsError], attributes: dict[str, Any]
) -> None:
    """The errors of bulk calls, plans and files take the attributes that they have."""
    error = kind("It went wrong.", **attributes)

    assert {name: getattr(error, name) for name in attributes} == attributes
    assert {name: getattr(copy.copy(error), name) for name in attributes} == attributes


def test_a_status_error_has_a_status() -> None:
    """The class for all statuses requires one, and a class for some accepts another."""
    with pytest.raises(TypeError, match=r"APIStatusError\(\) requires the argument 'status_code'"):
        APIStatusError("It went wrong.")
    assert ServerError("It went wrong.", status_code=503).status_code == 503
    assert BadRequestError("It went wrong.", status_code=422).status_code == 422


def test_an_error_for_a_mock_is_one_expression() -> None:
    """A mock raises an error that code under test reads."""
    client = create_autospec(RootSignals, instance=True)
    client.models.create.side_effect = [
        RateLimitError("Slow down.", retry_after=2.5),
        BadRequestError(fields={"name": ["It exists."]}, detail="It exists."),
        NotFoundError,
    ]

    with pytest.raises(RateLimitError, match="Slow down") as throttled:
        client.models.create(name="ollama/llama3")
    with pytest.raises(BadRequestError) as refused:
        client.models.create(name="ollama/llama3")
    with pytest.raises(NotFoundError) as missing:
        client.models.create(name="ollama/llama3")

    assert (throttled.value.status_code, throttled.value.retry_after) == (429, 2.5)
    assert (refused.value.status_code, refused.value.detail) == (400, "It exists.")
    assert refused.value.fields == {"name": ["It exists."]}
    assert missing.value.status_code == 404


COPIES: dict[str, Callable[[RootSignalsError], RootSignalsError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(  # type: ignore[misc]
            pickle.dumps(error, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_errors_can_be_copied(
    copied: Callable[[RootSignalsError], RootSignalsError], kind: type[RootSignalsError]
) -> None:
    """A copied or pickled error has the same class, text and attributes."""
    error = complete_error(kind)

    other = copied(error)

    assert other is not error
    assert type(other) is kind
    assert str(other) == str(error)
    assert other.args == error.args
    assert vars(other) == vars(error)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_error_without_text_can_be_copied(
    copied: Callable[[RootSignalsError], RootSignalsError],
) -> None:
    """An error without text or attributes can be copied and pickled, too."""
    assert copied(APITimeoutError()).args == ()


class OwnError(NotFoundError):
    """An error of a user, whose constructor requires something else."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"There is no {name}.", detail=name)
        self.name = name


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_error_of_a_users_class_can_be_copied(
    copied: Callable[[RootSignalsError], RootSignalsError],
) -> None:
    """A subclass may require arguments of its own."""
    other = copied(OwnError(name="a"))

    assert isinstance(other, OwnError)
    assert (other.args, other.name, other.status_code) == (("There is no a.",), "a", 404)


def test_a_deep_copy_is_independent() -> None:
    """A change to a deep copy does not change the error."""
    error = complete_error(BadRequestError)
    other = copy.deepcopy(error)
    assert isinstance(other.data, dict)

    other.data["name"] = "changed"

    assert error.data == {"name": ["No."]}


def test_the_text_of_a_request() -> None:
    """The text of a request is its method and its URL."""
    assert str(REQUEST) == "POST https://api.example/v1/models/"


def test_the_tree_in_the_docstring() -> None:
    """The tree in the documentation of the module has all error classes."""
    for kind in ALL_ERRORS:
        assert kind.__name__ in (errors.__doc__ or "").split()


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_messages_do_not_control_the_terminal(kind: type[RootSignalsError]) -> None:
    """The message of an error has no control characters, in a traceback neither."""
    error = new_error(kind)
    error.args = ("It returned \x1b[2J\x9b31m\u202e\r\u2028.",)

    assert str(error) == r"It returned \x1b[2J\x9b31m\u202e\r\u2028."
    assert str(error) in "".join(traceback.format_exception_only(error))
    assert error.args == ("It returned \x1b[2J\x9b31m\u202e\r\u2028.",)


def test_lines_of_messages() -> None:
    """A message is one line, except that a file of models has one for each problem."""
    assert str(NotFoundError("One.\nTwo.")) == r"One.\nTwo."
    assert str(RegistryError("One.\nTwo.")) == "One.\nTwo."


OLD_RESPONSE: Any = SimpleNamespace(status=404, reason="Not here")


@pytest.mark.parametrize(
    ("positional", "named"),
    [
        pytest.param((404, "Not here"), {}, id="positional"),
        pytest.param((), {"status": 404, "reason": "Not here"}, id="named"),
        pytest.param((None, None, OLD_RESPONSE), {}, id="response"),
        pytest.param((), {"http_resp": OLD_RESPONSE}, id="named-response"),
        pytest.param((), {"status_code": 404, "reason": "Not here"}, id="both"),
    ],
)
def test_the_constructor_of_the_old_sdk(
    positional: tuple[object, ...], named: dict[str, Any]
) -> None:
    """Status and reason are accepted as the old SDK accepts them, and can be pickled."""
    error = pickle.loads(pickle.dumps(APIStatusError(*positional, **named)))

    assert (error.status, error.status_code, error.reason) == (404, 404, "Not here")
    assert str(error) == "(404) Not here"


def test_an_error_without_a_status() -> None:
    """As in the old SDK, an error may have no status, if it has no message either."""
    error: Any
    for error in (APIStatusError(), APIStatusError(None), APIStatusError(body="b")):
        assert (error.status, error.reason, dict(error.headers)) == (None, None, {})
    assert APIStatusError(reason="Gone").reason == "Gone"
    assert NotFoundError().status == 404


def test_the_parts_of_a_response_of_the_old_sdk() -> None:
    """An error has the headers of a response, and its body unless another one is passed."""
    response = SimpleNamespace(
        status=409, reason="No", data=b'{"a": 1}', getheaders=lambda: {"X-Id": "7"}
    )

    error = pickle.loads(pickle.dumps(APIStatusError(http_resp=response)))
    other = APIStatusError(http_resp=response, status=400, reason="Bad", body="b")

    assert (error.status, error.reason, error.body) == (409, "No", '{"a": 1}')
    assert error.headers["x-id"] == "7"
    assert (other.status, other.reason, other.body) == (400, "Bad", "b")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, BadRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (599, ServerError),
        (600, APIStatusError),
    ],
)
def test_from_response(status: int, kind: type[APIStatusError]) -> None:
    """`from_response` raises the class for the status, as in the old SDK."""
    response = SimpleNamespace(status=status, reason="No")

    with pytest.raises(kind) as caught:
        APIStatusError.from_response(http_resp=response, body="text", data=None)

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason, caught.value.body) == (status, "No", "text")


@pytest.mark.parametrize(
    ("args", "named"), [(("No.", ["a", 0]), {}), (("No.",), {"path_to_item": ["a", 0]})]
)
def test_a_place_in_the_data(args: tuple[object, ...], named: dict[str, Any]) -> None:
    """An invalid request may have a place in the data, as in the old SDK."""
    error = copy.copy(InvalidRequestError(*args, **named))

    assert str(error) == "No. at ['a'][0]"
    assert error.path_to_item == ["a", 0]
    assert InvalidRequestError("No.").path_to_item is None


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "Not Found"), (503, "Service Unavailable"), (599, None)]
)
def test_the_reason_of_a_status(status: int, reason: str | None) -> None:
    """Without a reason of its own, an error has the words of its status."""
    assert APIStatusError("It went wrong.", status_code=status).reason == reason


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, None),
        ("<html>", "<html>"),
        ({"detail": "Nicht möglich."}, '{"detail": "Nicht möglich."}'),
    ],
)
def test_the_body_is_text(data: JSONValue, text: str | None) -> None:
    """`body` is text, as in the old SDK, and `data` is what it contains."""
    for error in (RootSignalsError("No.", body=data), RootSignalsError("No.", data=data)):
        assert (error.data, error.body) == (data, text)
