# Generated from tests/_async/test_execution_logs.py by scripts/generate_sync.py. Do not edit.
"""Execution logs: every method against the emulator, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import respx

from root import BadRequestError, InvalidRequestError, NotFoundError, RootSignals
from root.emulator import Fault, Server
from root.evaluators import EvaluatorExecutionResult
from root.execution_logs import ExecutionLogDetails, ExecutionLogList

URL = "http://api.test/v1/execution-logs/"
ID = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"
EMPTY_PAGE: dict[str, object] = {"next": None, "previous": None, "results": []}

# What older servers send.
OLDER = {
    "id": ID,
    "chat_id": None,
    "cost": 0.001,
    "executed_item_name": "Clarity",
    "evaluation_context": {"contexts": ["a"], "expected_output": ""},
    "execution_type": "evaluator",
    "prompt_template": "Is {{response}} clear?",
    "rendered_prompt": "Is that clear?",
    "model_params": {"temperature": 0.5},
    "score": None,
    "tags": ["a"],
}


def evaluated(client: RootSignals, **options: object) -> EvaluatorExecutionResult:
    """Execute an evaluator, and return the result."""
    arguments: dict[str, object] = {"request": "Where is it?", "response": "It is here."}
    return client.evaluators.run_by_name("Clarity", **(arguments | options))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_get(client: RootSignals) -> None:
    """The log of an execution has the input and the result, and is found by ID or by result."""
    result = evaluated(client, tags=["a", "b"], user_id="u", session_id="s", contexts=["c"])
    assert result.execution_log_id is not None

    log = client.execution_logs.get(log_id=result.execution_log_id)

    assert log.score == result.score
    assert log.executed_item_name == "Clarity"
    assert log.execution_type == "evaluator"
    assert (log.user_id, log.session_id) == ("u", "s")
    assert log.tags == ["a", "b"]
    assert log.evaluation_context is not None
    assert log.evaluation_context.contexts == ["c"]
    assert log.variables is not None
    assert log.variables["response"] == "It is here."
    assert log.meta.status_code == 200
    assert client.execution_logs.get(execution_result=result) == log
    assert client.execution_logs.retrieve(result.execution_log_id) == log


def test_get_by_any_result(client: RootSignals) -> None:
    """An object with an `execution_log_id` identifies a log, with precedence over `log_id`."""
    result = evaluated(client)
    other: Any = SimpleNamespace(execution_log_id=UUID(result.execution_log_id))

    log = client.execution_logs.get(log_id=ID, execution_result=other)

    assert log.id == result.execution_log_id


def test_unknown_log(client: RootSignals) -> None:
    """A log that does not exist is not found."""
    with pytest.raises(NotFoundError):
        client.execution_logs.get(ID)


def test_list(client: RootSignals) -> None:
    """A listing has the logs, the newest first, on as many pages as needed."""
    ids = [(evaluated(client, response=str(number))).execution_log_id for number in range(5)]

    listed = [log for log in client.execution_logs.list(page_size=2, limit=None)]

    assert [log.id for log in listed] == ids[::-1]
    assert [log.response_preview for log in listed] == ["4", "3", "2", "1", "0"]
    assert [log.id for log in client.execution_logs.list(limit=1)] == ids[-1:]


def test_included_fields(client: RootSignals) -> None:
    """Fields that `include` does not name are None."""
    evaluated(client, contexts=["c"])

    (bare,) = [log for log in client.execution_logs.list()]
    (full,) = [
        log
        for log in client.execution_logs.list(
            include=["llm_output", "variables", "evaluation_context"]
        )
    ]

    assert (bare.llm_output, bare.variables, bare.evaluation_context) == (None, None, None)
    assert full.llm_output
    assert full.variables
    assert full.evaluation_context is not None
    assert full.evaluation_context.contexts == ["c"]


def test_newer_values(client: RootSignals, emulator: Server) -> None:
    """Fields and values that are newer than this release do not cost a log, nor its page."""
    result = evaluated(client)
    emulator.add_fault(Fault(path="/v1/execution-logs/*", novelties=True))

    log = client.execution_logs.get(execution_result=result)
    (listed,) = [one for one in client.execution_logs.list(include=["variables"])]

    assert log.variables is not None
    assert log.variables["response"] == "It is here."
    assert listed.variables == log.variables


def test_filters(client: RootSignals) -> None:
    """Each filter selects logs, also together with others."""
    first = evaluated(client, tags=["a"], session_id="s1", user_id="u1")
    second = evaluated(client, tags=["b"], response="!")
    log = client.execution_logs.get(execution_result=first)
    assert log.created_at is not None
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    def found(**filters: object) -> list[str]:
        listing = client.execution_logs.list(**filters)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
        return [log.id for log in listing]

    both = [second.execution_log_id, first.execution_log_id]
    assert found() == both
    assert found(search_term="clar", execution_type="evaluator") == both
    assert found(executed_item_id=log.executed_item_id, date_to=tomorrow) == both
    assert found(date_from=tomorrow) == []
    assert found(tags=["a"]) == both[1:]
    assert found(session_id="s1", user_id="u1", min_score=0, max_score=1) == both[1:]
    assert found(has_session_id=False) == both[:1]
    assert found(unique_skills=True) == both[:1]
    assert found(execution_type="judge") == []


def test_unknown_filter(client: RootSignals) -> None:
    """A filter that the server does not know is an error, and not a listing of everything."""
    with pytest.raises(BadRequestError, match="judge_id"):
        _ = [log for log in client.execution_logs.list(judge_id=ID)]


def test_frame_of_a_listing(client: RootSignals) -> None:
    """A listing becomes a frame with a row for each log."""
    pytest.importorskip("polars")
    evaluated(client)

    frame = client.execution_logs.list().to_polars()

    assert frame["response_preview"].to_list() == ["It is here."]


def test_session_ids_and_user_ids(client: RootSignals) -> None:
    """The IDs of sessions and users that logs have are listed, each of them once."""
    for session, user in (("s1", "u1"), ("s1", "u2"), ("t", "v")):
        evaluated(client, session_id=session, user_id=user)

    assert client.execution_logs.session_ids() == ["s1", "t"]
    assert client.execution_logs.session_ids("s") == ["s1"]
    assert client.execution_logs.user_ids(starts_with="u") == ["u1", "u2"]


def test_set_tags(client: RootSignals) -> None:
    """Tags are replaced on several logs at once, and an empty list removes them."""
    ids = [
        result.execution_log_id or ""
        for result in (evaluated(client, tags=["a"]), evaluated(client))
    ]

    client.execution_logs.set_tags([ids[0], UUID(ids[1])], tags=["b", "c"])
    replaced = [log.tags for log in client.execution_logs.list()]
    client.execution_logs.set_tags(ids, tags=[])

    assert replaced == [["b", "c"], ["b", "c"]]
    assert [log.tags for log in client.execution_logs.list()] == [[], []]


Call = Callable[[RootSignals], object]

# The method, the target and the JSON body of the request of each call.
REQUESTS: dict[str, tuple[Call, str, str, object]] = {
    "get": (lambda one: one.execution_logs.get(log_id=ID), "GET", f"{ID}/", None),
    "get, UUID": (lambda one: one.execution_logs.get(UUID(ID)), "GET", f"{ID}/", None),
    "retrieve": (lambda one: one.execution_logs.retrieve("a/b"), "GET", "a%2Fb/", None),
    "session_ids": (lambda one: one.execution_logs.session_ids(), "GET", "session-ids/", None),
    "session_ids, start": (
        lambda one: one.execution_logs.session_ids("a b"),
        "GET",
        "session-ids/?starts_with=a+b",
        None,
    ),
    "user_ids": (
        lambda one: one.execution_logs.user_ids(starts_with="a"),
        "GET",
        "user-ids/?starts_with=a",
        None,
    ),
    "set_tags": (
        lambda one: one.execution_logs.set_tags([ID, UUID(ID)], tags=("a",)),
        "POST",
        "set-tags/",
        {"log_ids": [ID, ID], "tags": ["a"]},
    ),
    "set_tags, none": (
        lambda one: one.execution_logs.set_tags([ID], tags=[]),
        "POST",
        "set-tags/",
        {"log_ids": [ID], "tags": []},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(mocked: RootSignals, respx_mock: respx.MockRouter, name: str) -> None:
    """Each method sends what the API defines."""
    call, method, target, body = REQUESTS[name]
    route = respx_mock.route().respond(json=[] if "-ids/" in target else {"id": ID})

    call(mocked)

    request = route.calls.last.request
    assert (request.method, str(request.url)) == (method, URL + target)
    assert (json.loads(request.content) if request.content else None) == body


def test_date_without_a_time(mocked: RootSignals) -> None:
    """A date in place of a time is refused, and the error names what to pass."""
    listed: Any = mocked.execution_logs.list

    with pytest.raises(InvalidRequestError, match=r"date_from is a date.*pass a datetime"):
        listed(date_from=date(2026, 1, 31))


def test_filter_for_a_tag_with_a_comma(mocked: RootSignals) -> None:
    """It is refused, since the service takes it as two tags."""
    with pytest.raises(InvalidRequestError, match="tags cannot have an item with a comma"):
        mocked.execution_logs.list(tags=["a", "b,c"])


# The query of a listing for its arguments, without the size of the page.
QUERIES: list[tuple[dict[str, object], dict[str, str]]] = [
    ({}, {}),
    ({"tags": [], "include": [], "unique_skills": False}, {}),
    (
        {"search_term": "a", "tags": ["a", "b"], "include": ["llm_output", "variables"]},
        {"search": "a", "tags": "a,b", "include": "llm_output,variables"},
    ),
    (
        {
            "executed_item_id": UUID(ID),
            "execution_type": "judge",
            "date_from": datetime(2026, 1, 2, tzinfo=UTC),
            "date_to": datetime(2026, 1, 3, tzinfo=timezone(timedelta(hours=2))),
        },
        {
            "executed_item_id": ID,
            "execution_type": "judge",
            "date_from": "2026-01-02T00:00:00+00:00",
            "date_to": "2026-01-03T00:00:00+02:00",
        },
    ),
    (
        {"min_score": 0, "max_score": 0.5, "session_id": "s", "user_id": "u"},
        {"min_score": "0", "max_score": "0.5", "session_id": "s", "user_id": "u"},
    ),
    (
        {"has_session_id": False, "unique_skills": True, "project_id": ID, "ordering": "-score"},
        {
            "has_session_id": "false",
            "unique_skills": "true",
            "project_id": ID,
            "ordering": "-score",
        },
    ),
    (
        {"judge_id": ID, "batch_execution_id": ID, "parent_execution_log_id": ID, "model": "m"},
        {"judge_id": ID, "batch_execution_id": ID, "parent_execution_log_id": ID, "model": "m"},
    ),
    (
        {"owner_email": "e", "min_cost": 0.5, "max_cost": 2, "unique_evaluators": True},
        {"owner_email": "e", "min_cost": "0.5", "max_cost": "2", "unique_evaluators": "true"},
    ),
]


@pytest.mark.parametrize(("arguments", "query"), QUERIES)
def test_queries(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, object],
    query: dict[str, str],
) -> None:
    """A listing sends the filters that were given, and no others."""
    route = respx_mock.get(URL).respond(json=EMPTY_PAGE)

    listing = mocked.execution_logs.list(**arguments)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    assert [log for log in listing] == []

    assert dict(route.calls.last.request.url.params) == {"page_size": "100", **query}


# Calls that are wrong, and what their errors have.
INVALID: dict[str, tuple[Callable[[Any], object], str]] = {
    "no logs": (lambda one: one.execution_logs.set_tags([], tags=[]), "log_ids"),
    "501 logs": (lambda one: one.execution_logs.set_tags([ID] * 501, tags=[]), "log_ids"),
    "one log": (lambda one: one.execution_logs.set_tags(ID, tags=["a"]), "log_ids"),
    "16 tags": (lambda one: one.execution_logs.set_tags([ID], tags=["a"] * 16), "tags"),
    "no ID": (lambda one: one.execution_logs.get(""), "execution log ID"),
    "no log": (lambda one: one.execution_logs.get(), "Pass log_id or execution_result"),
    "a result without a log": (
        lambda one: one.execution_logs.get(execution_result=EvaluatorExecutionResult(score=0.5)),
        r"has no execution_log_id\. Pass a log_id",
    ),
    "not a result": (
        lambda one: one.execution_logs.get(execution_result=5),
        r"of the type int, has no execution_log_id\.",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_arguments(mocked: RootSignals, name: str) -> None:
    """What the service would reject is refused before anything is sent."""
    call, message = INVALID[name]

    with pytest.raises(InvalidRequestError, match=message):
        call(mocked)


def test_tags_are_set_again(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """Setting tags twice does no harm, so it is sent again after an unclear outcome."""
    route = respx_mock.post(f"{URL}set-tags/")
    route.side_effect = [respx.MockResponse(502), respx.MockResponse(204)]

    mocked.execution_logs.set_tags([ID], tags=["a"])

    assert (route.call_count, len(waits)) == (2, 1)


def test_logs_of_older_servers() -> None:
    """Fields have their old and their new names, and dumps contain what the server sent."""
    log = ExecutionLogDetails.model_validate(OLDER)

    assert log.scoring_criteria == log.prompt_template == "Is {{response}} clear?"
    assert log.rendered_prompt == "Is that clear?"
    assert log.model_params == {"temperature": 0.5}
    assert log.chat_id is None
    assert (log.score, log.session_id, log.turns) == (None, None, None)
    assert log.to_dict() == OLDER


def test_logs_of_newer_servers() -> None:
    """The log of a judge has turns and results; unknown values and fields are kept."""
    sent = {
        "id": ID,
        "execution_type": "internal",
        "scoring_criteria": "Is {{response}} clear?",
        "turns": [{"role": "tool", "content": "x", "tool_call_id": "1", "new": 1}],
        "evaluator_results": [
            {"evaluator_id": None, "evaluator_name": "Clarity", "result": 0.5, "status": "late"}
        ],
        "evaluator_latencies": [{"evaluator_name": "Clarity", "duration": 1.5}],
        "classification": {"label": "a"},
        "new": {"a": 1},
    }

    log = ExecutionLogDetails.model_validate(sent)

    assert log.execution_type == "internal"
    assert log.prompt_template == "Is {{response}} clear?"
    assert log.rendered_prompt is None
    assert log.turns is not None
    assert log.turns[0].tool_call_id == "1"
    assert log.evaluator_results is not None
    assert (log.evaluator_results[0].result, log.evaluator_results[0].status) == (0.5, "late")
    assert log.evaluator_latencies is not None
    assert log.evaluator_latencies[0].duration == 1.5
    assert log.to_dict() == sent


def test_listed_logs_of_older_servers() -> None:
    """Older servers list logs without previews, sessions and users."""
    sent: dict[str, object] = {"id": ID, "executed_item_name": "Clarity", "score": 0.5, "tags": []}

    log = ExecutionLogList.model_validate(sent)

    assert (log.request_preview, log.session_id, log.user_id) == (None, None, None)
    assert log.to_dict() == sent
