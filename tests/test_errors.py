"""The error tree: its classes, their attributes, and that errors can be copied and pickled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from root import errors
from root.errors import (
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
)

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
    BulkError,
    ApplyError,
    RegistryError,
]


def complete_error(kind: type[RootSignalsError]) -> RootSignalsError:
    """Return an error that has all attributes."""
    error = kind("It went wrong.")
    error.request = REQUEST
    error.status_code = 400
    error.detail = "No."
    error.body = {"name": ["No."]}
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
    error = kind("It went wrong.")

    assert str(error) == "It went wrong."
    assert error.request is None
    assert error.status_code is None
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


def test_a_deep_copy_is_independent() -> None:
    """A change to a deep copy does not change the error."""
    error = complete_error(BadRequestError)
    other = copy.deepcopy(error)
    assert isinstance(other.body, dict)

    other.body["name"] = "changed"

    assert error.body == {"name": ["No."]}


def test_the_text_of_a_request() -> None:
    """The text of a request is its method and its URL."""
    assert str(REQUEST) == "POST https://api.example/v1/models/"


def test_the_tree_in_the_docstring() -> None:
    """The tree in the documentation of the module has all error classes."""
    for kind in ALL_ERRORS:
        assert kind.__name__ in (errors.__doc__ or "").split()
