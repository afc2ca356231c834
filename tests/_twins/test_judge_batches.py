# Generated from tests/_async/test_judge_batches.py by scripts/generate_sync.py. Do not edit.
"""Batches of judges, and waiting for what the service does in the background."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import respx
from httpx import ConnectError, Request, Response

import root
from root import (
    APITimeoutError,
    InvalidRequestError,
    NotFoundError,
    RootSignals,
    ServerError,
    WorkFailedError,
)
from root._schemas.judge_runs import BatchInput
from root.judges import JudgeBatchExecutionInput

URL = "http://api.test/v1/judges/batch-executions/"
ID = "9b2f"


def batch(
    status: str, completed: int = 0, failed: int = 0, *, retry_after: str = "", **fields: Any
) -> Response:
    """Return a batch of two items as the service sends it."""
    content: dict[str, Any] = {
        "batch_execution_id": ID,
        "status": status,
        "total_count": 2,
        "completed_count": completed,
        "failed_count": failed,
        "items": [],
        **fields,
    }
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Response(200, json=content, headers=headers)


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between polls, which are recorded instead."""
    waits: list[float] = []

    async def record(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("root._async.work.async_sleep", record)
    monkeypatch.setattr("root._async.transport.async_sleep", record)
    monkeypatch.setattr("random.random", lambda: 0.0)
    return waits


async def test_create(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A batch sends what was given, and is not sent again after an unclear outcome."""
    route = respx_mock.post(f"http://api.test/v1/judges/{ID}/batch-execute/")
    route.side_effect = [Response(202, json={"batch_execution_id": "1", "status_url": "a"})]
    inputs: list[BatchInput] = [
        {"response": "a", "contexts": ("b",)},
        JudgeBatchExecutionInput(request="c"),
    ]

    created = await mocked.judges.batches.acreate(ID, inputs, tags=["d"])
    route.side_effect = [Response(502)]
    with pytest.raises(ServerError, match="charged for it"):
        await mocked.judges.batches.acreate(ID, inputs)

    assert (created.id, created.batch_execution_id) == ("1", "1")
    assert json.loads(route.calls[0].request.content) == {
        "inputs": [{"response": "a", "contexts": ["b"]}, {"request": "c"}],
        "tags": ["d"],
    }
    assert route.call_count == 2


async def test_invalid_inputs(mocked: RootSignals) -> None:
    """All inputs are checked before anything is sent."""
    with pytest.raises(InvalidRequestError, match=r"At position 1 \(from 0\): There is nothing"):
        await mocked.judges.batches.acreate(ID, [{"response": "a"}, {"contexts": ["b"]}])
    with pytest.raises(InvalidRequestError, match="variables is not a setting"):
        await mocked.judges.batches.acreate(ID, [{"response": "a", "variables": {}}])
    with pytest.raises(InvalidRequestError, match=r"1 \(from 0\): respons is not a setting\.$"):
        await mocked.judges.batches.acreate(ID, [{"response": "a"}, {"respons": "b"}])
    with pytest.raises(InvalidRequestError, match="at most 100"):
        await mocked.judges.batches.acreate(ID, [{"response": "a"}] * 101)
    with pytest.raises(InvalidRequestError, match="batch ID"):
        await mocked.judges.batches.aget("")


async def test_filters(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A listing sends the filters that were given."""
    page = {"results": [batch("partial", 1, 1).json()]}
    route = respx_mock.get(URL).respond(json=page)

    listed = [one async for one in mocked.judges.batches.alist(judge_id="1", status="partial")]

    assert dict(route.calls.last.request.url.params) == {
        "page_size": "100",
        "judge_id": "1",
        "status": "partial",
    }
    assert [(one.id, one.done, one.is_ended) for one in listed] == [(ID, 2, True)]


async def test_wait(mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]) -> None:
    """It polls from one second to ten until the batch has ended, and reports each state."""
    states = [batch("pending"), *[batch("processing", 1)] * 7, batch("completed", 2)]
    respx_mock.get(f"{URL}{ID}/").side_effect = states
    seen: list[tuple[int, int]] = []

    done = await mocked.judges.batches.await_(
        ID, on_progress=lambda work: seen.append((work.done, work.total))
    )

    assert (done.status, done.completed_count) == ("completed", 2)
    assert seen == [(0, 2), *[(1, 2)] * 7, (2, 2)]
    assert [round(wait, 2) for wait in polls] == [1.0, 1.5, 2.25, 3.38, 5.06, 7.59, 10.0, 10.0]


async def test_retry_after(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """The service may ask to wait longer, with a response or with an error."""
    refused = Response(429, headers={"Retry-After": "120"})
    respx_mock.get(f"{URL}{ID}/").side_effect = [
        batch("pending", retry_after="7"),
        refused,
        batch("completed", 2),
    ]

    await mocked.judges.batches.await_(ID)

    assert polls == [7.0, 120.0]


async def test_failed_polls(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """The batch continues if a poll fails, and so does waiting, but not forever."""
    client = mocked.with_options(max_retries=0)
    route = respx_mock.get(f"{URL}{ID}/")
    failures: list[Response | Exception] = [Response(502), ConnectError("refused"), Response(429)]
    route.side_effect = [*failures, batch("processing"), *failures, batch("completed", 2)]

    assert (await client.judges.batches.await_(ID)).status == "completed"

    route.side_effect = [Response(502)] * 10
    with pytest.raises(ServerError):
        await client.judges.batches.await_(ID)
    assert route.call_count == 8 + 6


async def test_errors_that_do_not_pass(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """An unknown batch is an error at once."""
    respx_mock.get(f"{URL}{ID}/").respond(404)

    with pytest.raises(NotFoundError):
        await mocked.judges.batches.await_(ID)
    assert polls == []


async def test_failed_batch(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """A batch of which nothing succeeded is an error, which has the batch and can be pickled."""
    items = [{"index": 0, "status": "failed", "error_message": "The judge was deleted."}]
    respx_mock.get(f"{URL}{ID}/").side_effect = [batch("failed", 0, 2, items=items)]

    with pytest.raises(
        WorkFailedError, match=r"The batch failed\. The judge was deleted\."
    ) as error:
        await mocked.judges.batches.await_(ID)

    assert pickle.loads(pickle.dumps(error.value)).work.failed_count == 2


async def test_partial_batch(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """A batch of which a part failed is returned."""
    respx_mock.get(f"{URL}{ID}/").side_effect = [batch("partial", 1, 1)]

    assert (await mocked.judges.batches.await_(ID)).failed == 1


async def test_invalid_waits(mocked: RootSignals) -> None:
    """An invalid argument is refused by its name, before anything is sent."""
    with pytest.raises(
        InvalidRequestError, match=r"Nothing was sent\. timeout must be greater than 0 seconds"
    ):
        await mocked.judges.batches.await_(ID, timeout=0)
    with pytest.raises(InvalidRequestError, match="on_progress must be a function, not int"):
        await mocked.judges.batches.await_(ID, on_progress=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("is_deadline", [False, True])
async def test_timeout(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    polls: list[float],
    is_deadline: bool,
) -> None:
    """The wait ends if the service asks to wait too long, and the batch continues."""
    respx_mock.get(f"{URL}{ID}/").side_effect = [batch("processing", retry_after="60")]
    timeout = root.deadline(30) if is_deadline else 30

    message = r"asks to wait 60 s, too long for the limit of 30 s; .* is processing\..*continues"
    with pytest.raises(APITimeoutError, match=message):
        await mocked.judges.batches.await_(ID, timeout=timeout)
    assert polls == []


async def test_no_time_for_another_poll(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    polls: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch that has not ended in time has its status in the error."""
    now = 1000.0

    def respond(_: Request) -> Response:
        nonlocal now
        now += 29
        return batch("processing", 1)

    monkeypatch.setattr("root._config.deadlines.monotonic", lambda: now)
    monkeypatch.setattr("root._http.call.monotonic", lambda: now)
    respx_mock.get(f"{URL}{ID}/").mock(side_effect=respond)

    with pytest.raises(APITimeoutError, match=r"within 30 s; its status is processing.*continues"):
        await mocked.judges.batches.await_(ID, timeout=30)
    assert polls == []


@pytest.mark.parametrize(("seconds", "last"), [(0.2, 29.6), (4.0, 23.9)])
async def test_last_poll(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    polls: list[float],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    last: float,
) -> None:
    """The last poll begins as late as it can end in time, as long as polls have taken."""
    now = 1000.0
    begun: list[float] = []

    def clock() -> float:
        return now + sum(polls)

    def respond(_: Request) -> Response:
        nonlocal now
        begun.append(round(clock() - 1000, 2))
        now += seconds
        return batch("completed", 2) if begun[-1] >= last else batch("processing", 1)

    monkeypatch.setattr("root._config.deadlines.monotonic", clock)
    monkeypatch.setattr("root._http.call.monotonic", clock)
    respx_mock.get(f"{URL}{ID}/").mock(side_effect=respond)

    assert (await mocked.judges.batches.await_(ID, timeout=30)).status == "completed"
    assert begun[-1] == last


async def test_block_with_a_deadline(
    mocked: RootSignals, respx_mock: respx.MockRouter, polls: list[float]
) -> None:
    """The deadline of a block holds for waiting, too."""
    respx_mock.get(f"{URL}{ID}/").side_effect = [batch("processing", retry_after="60")]

    with root.deadline(20), pytest.raises(APITimeoutError, match=r"limit of 20 s"):
        await mocked.judges.batches.await_(ID)
