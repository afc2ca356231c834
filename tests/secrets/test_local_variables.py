"""Local variables, which Sentry, rich and `pytest -l` show, contain no secret of the arguments.

The methods are those that the clients and their resources have, so that a new one is covered.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import socket
from collections import UserDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import httpx
import pytest

from root import AsyncRootSignals, ConfigurationError, RootSignals, RootSignalsError
from root._accessor import Accessor
from root._http.operation import Operation
from root._schemas.models import ModelRequest
from root._schemas.requests import json_body
from root.emulator import Fault, Server
from tests.scripted_server import ScriptedServer

from .leaks import KEY, PROVIDER_KEY, assert_hidden, chain_of, local_variables

# Long, since rich truncates long strings before it asks for their repr.
SECRET = PROVIDER_KEY * 5

SETTINGS = {"name": "a", "default_key": SECRET}
VERIFIED = {"model": "a", "api_key": SECRET}
BODY = json_body(ModelRequest, None, name="a", default_key=SECRET)


class Interrupted:
    """The user's items, which end with an exception."""

    def __init__(self, items: list[object]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[object]:
        yield from self.items
        raise ArithmeticError


class InterruptedMapping(UserDict[str, object]):
    """The user's mapping, whose last value cannot be read."""

    def __getitem__(self, name: str) -> object:
        if name == "url":
            raise ArithmeticError
        return self.data[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.data, "url"])


# Values of each parameter that can have a secret. These are sent.
VALID: dict[str, list[object]] = {
    "default_key": [SECRET],
    "api_key": [SECRET],
    "claim_token": [SECRET],
    "models": [[SETTINGS], [VERIFIED]],
    "desired": [[SETTINGS, {**SETTINGS, "name": "b"}]],
    "json": [SETTINGS],
    "body": [SECRET.encode(), SECRET, io.BytesIO(SECRET.encode())],
    "headers": [{"X-Key": KEY}],
    "default_headers": [{"X-Key": KEY}],
    "operation": [Operation("POST", "/v1/models/", object, body=BODY)],
}

# These are not.
INVALID: dict[str, list[object]] = {
    "default_key": [[SECRET], {"a": SECRET}, SECRET.encode(), SECRET + "\ud800"],
    "api_key": [[SECRET], {"a": SECRET}, SECRET.encode(), SECRET + "\ud800"],
    "claim_token": [[SECRET], {"a": SECRET}, SECRET.encode(), SECRET + "\ud800"],
    "models": [
        Interrupted([SETTINGS, VERIFIED]),
        [InterruptedMapping(SETTINGS), InterruptedMapping(VERIFIED)],
        [SETTINGS, {**SETTINGS, "url": 5}, VERIFIED, {**VERIFIED, "url": 5}],
        [{"name": "a", "defaultkey": SECRET}, {"model": "a", "apikey": [SECRET]}],
        [{"name": "a", "default_key": [SECRET]}, {"model": "a", "api_key": SECRET.encode()}],
        [SETTINGS, SECRET, None, VERIFIED],
        [{**SETTINGS, "\n": 1}, {**VERIFIED, "\n": 1}],
        SETTINGS,
        SECRET,
    ],
    "desired": [
        Interrupted([SETTINGS]),
        [InterruptedMapping(SETTINGS)],
        [SETTINGS, SETTINGS],
        [SETTINGS, {**SETTINGS, "name": "b", "url": 5}],
        [{"name": "a", "defaultkey": SECRET}],
        [{"name": "a", "default_key": [SECRET]}],
        [SETTINGS, SECRET],
        SETTINGS,
        SECRET,
    ],
    "json": [
        {"a": SECRET, "b": object()},
        {"a": SECRET, "b": float("nan")},
        SECRET + "\ud800",
    ],
    "body": [SECRET + "\ud800", io.StringIO(SECRET), SETTINGS],
    "headers": [
        {"X-Key": KEY, "X Y": "a"},
        {"X-Key": KEY, "Host": "a"},
        {"X-Key": KEY + "\n"},
        [KEY],
    ],
}
INVALID["default_headers"] = INVALID["headers"]

# A valid and an invalid value of each argument of a client. The first ones can have a secret.
SETTINGS_WITH_SECRETS: dict[str, list[object]] = {
    "api_key": [KEY, *INVALID["api_key"]],
    "base_url": [
        f"https://user:{KEY}@api.example",
        f"https://{KEY}@api.example:port",
        f"user:{KEY}@[",
        httpx.URL(f"https://user:{KEY}@api.example"),
    ],
    "default_headers": [*VALID["default_headers"], *INVALID["default_headers"]],
}
INVALID_SETTINGS: dict[str, object] = {
    "api_key": "",
    "base_url": "api.example",
    "timeout": -1,
    "deadline": -1,
    "max_retries": -1,
    "max_connections": -1,
    "max_response_bytes": -1,
    "default_headers": {"Host": "a"},
    "ssl_context": "a",
    "http_client": "a",
}

# The other parameters, with a value for those that have no default.
OTHERS: dict[str, object] = {
    "method": "POST",
    "path": "/v1/models/",
    "name": "a",
    "model": "a",
    "model_id": "a",
    "model_ids": ["a", "b"],
    "ids": ["a", "b"],
    "project_id": "a",
    "is_default": True,
} | dict.fromkeys(
    (
        *("capable_of", "concurrency", "cursor", "deadline", "description", "details"),
        *("errors", "limit", "max_output_token_count", "max_retries", "max_token_count"),
        *("on_progress", "once", "ordering", "page_size", "prefetch", "prune", "query"),
        *("rotate_keys", "schema", "timeout", "url", "_request_timeout"),
        # Texts that are evaluated, and settings of evaluators, are shown.
        *("behavior", "change_note", "contexts", "demonstration_dataset_id"),
        *("evaluator", "evaluator_definitions", "evaluator_demonstrations", "evaluator_id"),
        *("evaluator_version_id", "expected_output", "fallback_models", "file_ids"),
        *("force_create", "functions", "include_public", "input_variables", "intent"),
        *("model_params", "objective_id", "objective_version_id", "only_root_evaluators"),
        *("overwrite", "owner_email", "parallel_requests", "pii_filter", "predicate", "prompt"),
        *("reference_variables", "request", "response", "scoring_criteria", "search"),
        *("search_term", "session_id", "skill_type", "system_prompt", "tags", "test_data"),
        # Data sets, and filters of logs.
        *("batch_execution_id", "date_from", "date_to", "dataset_id", "executed_item_id"),
        *("execution_result", "execution_type", "file", "has_header", "has_session_id", "include"),
        *("judge_id", "log_id", "log_ids", "max_cost", "max_score", "min_cost", "min_score"),
        *("parent_execution_log_id", "starts_with", "type", "unique_evaluators", "unique_skills"),
        *("emails", "enable_context_aware_evaluators", "evaluator_references", "executed_at_gte"),
        *("extra_contexts", "featured", "file_id", "generating_model_params", "is_preset"),
        *("intent_evaluability_score_gte", "judge", "judge_id", "judge_url", "judge_version_id"),
        *("max_iterations", "min_improvement", "patience", "refine", "stage", "status", "stream"),
        *("strict", "threshold", "visibility"),
        *("test_dataset_id", "tools", "turns", "user_id", "variables", "version_id", "yaml"),
    )
)


@dataclass(frozen=True)
class Call:
    """A method, and the value of the argument with the secret."""

    face: type[RootSignals | AsyncRootSignals]
    accessor: str
    name: str
    method: Callable[..., object]
    arguments: dict[str, object]
    is_valid: bool = True
    has_secret: bool = True

    async def run(self, client: RootSignals | AsyncRootSignals) -> object:
        """Make the call, with all that its result can be used for."""
        owner = getattr(client, self.accessor) if self.accessor else client
        result = getattr(owner, self.name)(**self.arguments)
        if inspect.isawaitable(result):
            result = await result
        if hasattr(result, "__aiter__"):
            return [one async for one in result]
        if hasattr(result, "apply"):
            applied = result.apply()
            return await applied if inspect.isawaitable(applied) else applied
        return list(result) if hasattr(result, "cursor") else result


def methods(face: type) -> Iterator[tuple[str, str, Callable[..., object]]]:
    """Yield the accessor, the name and the function of each public method of a client."""
    owners = {"": face} | {
        name: getattr(face, name)
        for kind in face.__mro__
        for name, value in vars(kind).items()
        if isinstance(value, Accessor)
    }
    for accessor, owner in owners.items():
        for name, method in inspect.getmembers_static(owner, inspect.isfunction):
            if not name.startswith("_") and not name.endswith("close"):
                yield accessor, name, method


def calls() -> Iterator[Call]:
    """Yield calls of all methods, one for each value of each argument that can be a secret."""
    for face in (RootSignals, AsyncRootSignals):
        for accessor, name, method in methods(face):
            parameters = list(inspect.signature(method).parameters.values())[1:]
            needed = {
                one.name: OTHERS.get(one.name, ...)
                for one in parameters
                if one.default is one.empty
            }
            names = {one.name for one in parameters}
            make = partial(Call, face, accessor, name, method)
            if names.isdisjoint(VALID):
                yield make(needed, has_secret=False)
            for secret in names & VALID.keys():
                for value in VALID[secret]:
                    yield make({**needed, secret: value})
                    # Another argument is invalid.
                    for other, wrong in (
                        *(("max_output_token_count", 5), ("concurrency", 0)),
                        *(("max_retries", -1), ("api_key", "")),
                    ):
                        if other in names and other != secret:
                            yield make({**needed, secret: value, other: wrong}, is_valid=False)
                for value in INVALID.get(secret, ()):
                    yield make({**needed, secret: value}, is_valid=False)


CALLS: dict[tuple[str, str], list[Call]] = {}
for _call in calls():
    _name = f"{_call.accessor}.{_call.name}".strip(".")
    CALLS.setdefault((_call.face.__name__, _name), []).append(_call)
# Calls that can fail after their arguments were accepted: a check reports what fails, and the base
# URL for OpenAI's client needs no request.
SENT = {
    method: [call for call in found if call.is_valid]
    for method, found in CALLS.items()
    if method[1] not in ("check", "acheck", "with_options", "judges.openai_base_url")
}


def test_parameters_are_known() -> None:
    """Each parameter of each public method is one that can have a secret, or that can't."""
    found = {
        parameter
        for face in (RootSignals, AsyncRootSignals)
        for _, _, method in methods(face)
        for parameter in list(inspect.signature(method).parameters)[1:]
    }

    assert found - VALID.keys() - OTHERS.keys() == set()


def failing(*_: object) -> httpx.Response:
    raise ArithmeticError


async def failing_async(*_: object) -> httpx.Response:
    raise ArithmeticError


send: Callable[..., object] = httpx.HTTPTransport.handle_request
async_send: Callable[..., Awaitable[object]] = httpx.AsyncHTTPTransport.handle_async_request


def calling(*arguments: object) -> object:
    return send(*arguments)


async def calling_async(*arguments: object) -> object:
    return await async_send(*arguments)


# What the methods of httpx's transports are replaced by.
HOOKS: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {
    "a hook": (calling, calling_async),
    "a failing hook": (failing, failing_async),
}


@pytest.fixture(params=["no hook", *HOOKS, "an HTTP client"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How requests are sent."""
    kind = cast("str", request.param)
    if kind in HOOKS:
        hook, async_hook = HOOKS[kind]
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", hook)
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", async_hook)
    return kind


def error_of(call: Call, url: str, transport: str, timeout: float) -> Exception | None:
    """Return the error of a call."""

    async def run() -> object:
        async with AsyncExitStack() as stack:
            own: dict[str, object] = {}
            if transport == "an HTTP client":
                http_client = await stack.enter_async_context(httpx.AsyncClient(verify=False))
                own = {"http_client": http_client}
                if call.face is RootSignals:
                    blocking = stack.enter_context(httpx.Client(verify=False))
                    own = {"http_client": blocking, "async_http_client": http_client}
            make = cast("Callable[..., RootSignals | AsyncRootSignals]", call.face)
            client = make(
                *(KEY,), base_url=url, max_retries=0, default_headers={"X-Token": KEY}, **own
            )
            async with client, asyncio.timeout(timeout):
                return await call.run(client)

    try:
        asyncio.run(run())
    except Exception as error:  # noqa: BLE001 - it is examined.
        return error
    return None


def assert_all_hide(calls: list[Call], url: str, transport: str, timeout: float = 60) -> None:
    """Assert that calls that fail show no secret."""
    errors = [error_of(call, url, transport, timeout) for call in calls]
    assert not all(error is None for error in errors)
    for error in filter(None, errors):
        # Anything else is a fault of this test, or of the method.
        assert isinstance(error, (RootSignalsError, ArithmeticError, TimeoutError)), repr(error)
        assert_frames_hide(error)


def assert_frames_hide(error: BaseException) -> None:
    """Assert that the frames of an error, and those of its causes, show no secret."""
    for one in chain_of(error):
        for shown in local_variables(one):
            assert_hidden(shown)


def test_settings_are_known() -> None:
    """Each argument of a client is covered here."""
    parameters = inspect.signature(RootSignals).parameters.keys()

    assert INVALID_SETTINGS.keys() == parameters - {"async_http_client", "run_async"}


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [(one, other) for one in SETTINGS_WITH_SECRETS for other in INVALID_SETTINGS if one != other],
)
@pytest.mark.parametrize("face", [RootSignals, AsyncRootSignals])
def test_creation(face: Callable[..., object], secret: str, wrong: str) -> None:
    """A client that cannot be created because of any of its settings shows no secret."""
    for value in SETTINGS_WITH_SECRETS[secret]:
        settings = {"api_key": "a", secret: value, wrong: INVALID_SETTINGS[wrong]}
        with pytest.raises(RootSignalsError) as error:
            face(**settings)

        assert_frames_hide(error.value)


@pytest.mark.parametrize("name", ["ROOTSIGNALS", "SCORABLE"])
@pytest.mark.parametrize("in_file", [True, False])
def test_base_url_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, in_file: bool
) -> None:
    """The key, and a password in the base URL, of the environment or `.env` are not shown."""
    variables = {f"{name}_API_KEY": KEY, f"{name}_API_URL": f"https://user:{KEY}@api.example"}
    if in_file:
        lines = [f"{variable}={value}\n" for variable, value in variables.items()]
        (tmp_path / ".env").write_text("".join(lines))
    else:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as error:
        RootSignals()

    assert_frames_hide(error.value)


@pytest.mark.parametrize("method", CALLS, ids=".".join)
def test_invalid_arguments(method: tuple[str, str]) -> None:
    """A call whose arguments are invalid shows no secret."""
    invalid = [call for call in CALLS[method] if not call.is_valid]
    if invalid:
        assert_all_hide(invalid, "http://127.0.0.1:9", "no hook")


@pytest.mark.parametrize("method", SENT, ids=".".join)
def test_no_connection(method: tuple[str, str], transport: str) -> None:
    """A call without a connection shows no secret."""
    with ScriptedServer([]) as server:
        url = server.url
    assert_all_hide(SENT[method], url, transport)


WITH_SECRETS = [method for method, found in SENT.items() if found[0].has_secret]


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(status=400, times=None)],
        [Fault(status=400, method=verb, times=None) for verb in ("POST", "PATCH", "PUT")],
        [Fault(reset="after", method=verb, times=None) for verb in ("POST", "PATCH", "PUT")],
    ],
    ids=["400", "400 for changes", "reset after changes"],
)
@pytest.mark.parametrize("method", WITH_SECRETS, ids=".".join)
def test_responses(
    method: tuple[str, str], faults: list[Fault], transport: str, emulator: Server
) -> None:
    """A call that the service refuses, or whose response is lost, shows no secret."""
    emulator.add_key(KEY)
    for fault in faults:
        emulator.add_fault(fault)

    assert_all_hide(SENT[method], emulator.url, transport)


@pytest.mark.parametrize("method", WITH_SECRETS, ids=".".join)
def test_cancelled(method: tuple[str, str], transport: str) -> None:
    """A call that is cancelled while it waits for its response shows no secret."""
    if not inspect.iscoroutinefunction(SENT[method][0].method):
        return
    with ScriptedServer([]) as server:
        server.choose = lambda _: server.hangs
        assert_all_hide(SENT[method], server.url, transport, timeout=0.05)


def test_cancelled_while_sending() -> None:
    """A call that is cancelled while its body is sent shows no secret."""
    # More than the buffers of sockets hold.
    body = SECRET.encode() * 100_000
    call = Call(
        *(AsyncRootSignals, "", "request", AsyncRootSignals.request),
        {"method": "POST", "path": "/", "body": body},
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert_all_hide([call], url, "no hook", timeout=0.2)
