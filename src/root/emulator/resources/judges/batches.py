"""Batches of runs of a judge, which advance when they are polled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from types import SimpleNamespace
from typing import ClassVar, cast

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import DateTimeField, Fields, Value
from root.emulator.filters import Filter, at_least, at_most
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, Output, Schema
from root.emulator.problems import Problem
from root.emulator.resource import AnyResource, Resource
from root.emulator.resources.datasets import DataSets
from root.emulator.resources.evaluators import Evaluators
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.judges.batch_items import (
    BATCH_COLUMNS,
    BATCH_RESULT,
    START_ALTERNATIVES,
    START_FIELDS,
    batch_item,
    new_batch,
)
from root.emulator.resources.judges.execution import JudgeExecution, JudgeRunner, Reference
from root.emulator.resources.judges.judges import Judges
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row
from root.emulator.store import Store

__all__ = ["BatchExecutions", "StoredBatchExecution"]


@dataclass(frozen=True, slots=True)
class StoredBatchExecution:
    """A batch that was created in the emulator.

    Attributes:
        id: The ID.
        judge_id: The ID of the judge, or None if evaluators run without one.
        status: `pending`, `processing`, `completed`, `failed` or `partial`.
        total_count: The number of its items.
        completed_count: The number of items that have ended well.
        failed_count: The number of items that have failed.
        items: The items as in responses.
        project_id: The project that it belongs to.
        created_at: The time of its creation.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    judge_id: str | None
    status: str
    total_count: int
    completed_count: int
    failed_count: int
    items: list[dict[str, JsonValue]]
    project_id: str
    created_at: datetime
    organization: str
    owner: str


class BatchExecutions(Resource[StoredBatchExecution]):
    """The batches of organizations."""

    noun: ClassVar[str] = "batch execution"
    path: ClassVar[str] = "/v1/judges/batch-executions/"
    stored: type[StoredBatchExecution] = StoredBatchExecution
    operations: ClassVar[tuple[Operation, ...]] = ("list", "retrieve")
    fields: ClassVar[Fields] = {}
    internal: ClassVar[Fields] = BATCH_COLUMNS
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "batch_execution_id",
        "status",
        "total_count",
        "completed_count",
        "failed_count",
        "created_at",
        "started_at",
        "completed_at",
        "judge",
        "project_id",
        "evaluators",
        "dataset",
        "dataset_range",
        "tags",
        "items",
    )
    listed: ClassVar[tuple[str, ...] | None] = shown[:-1]
    filtered_by: ClassVar[tuple[str, ...]] = ("judge_id", "project_id", "status")
    filters: ClassVar[Mapping[str, Filter]] = {
        "date_from": at_least("created_at", DateTimeField(), "Return only those since this time."),
        "date_to": at_most("created_at", DateTimeField(), "Return only those up to this time."),
    }
    # Each request for a batch advances it.
    prepares: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {
        "retrieve": "The first request finds the batch in process, and the second one its end.",
    }
    dashboard_columns: ClassVar[tuple[str, ...]] = ("status", "total_count")
    actions: ClassVar[tuple[Action, ...]] = (
        Action(
            "POST",
            "batch-executions",
            handler="start",
            summary="Run a judge or evaluators for a batch of inputs, or for a data set",
            result="The batch, which has not begun yet.",
            schema=BATCH_RESULT,
            status=202,
            fields=START_FIELDS,
            alternatives=START_ALTERNATIVES,
            is_top_level=True,
            may_be_missing=True,
        ),
    )

    def __init__(
        self,
        judges: Judges,
        evaluators: Evaluators,
        logs: ExecutionLogs,
        datasets: DataSets,
        projects: Projects,
    ) -> None:
        """Create the resource.

        Args:
            judges: The judges that run.
            evaluators: The evaluators that run without a judge.
            logs: The logs of executions.
            datasets: The data sets with inputs.
            projects: The projects that batches belong to.
        """
        self._judges = judges
        self._evaluators = evaluators
        self._runner = JudgeRunner(evaluators, logs)
        self._datasets = datasets
        self._projects = projects
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        time: Schema = {"type": ["string", "null"], "format": "date-time"}
        return {
            "id": ID,
            "batch_execution_id": Output(ID.schema, attrgetter("id")),
            "created_at": CREATED_AT,
            "started_at": Output(time, lambda row: _time(row.started_at)),
            "completed_at": Output(time, lambda row: _time(row.completed_at)),
        }

    def start(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Store a batch of a judge or of evaluators, for inputs or for a data set."""
        for alternatives in START_ALTERNATIVES:
            alternatives.check(values)
        store, account = call.store, call.account
        values, dataset = self._with_inputs(store, account, values)
        judge: Row | None = None
        evaluators: list[Row] = []
        if values.get("judge_id"):
            judge = _found(self._judges, store, account, "judge_id", values["judge_id"])
            version_id = cast("str | None", values.get("judge_version_id"))
            judge = self._judges.find_version(store, judge, version_id)
        else:
            evaluators = [
                _found(self._evaluators, store, account, "evaluator_ids", id_)
                for id_ in cast("list[str]", values["evaluator_ids"])
            ]
        owner = judge or evaluators[0]
        present = owner.project_id if owner.organization == account.organization else None
        project = self._projects.project_for(store, account, values.get("project_id"), present)
        batch = self.table(store).insert(
            account, new_batch(judge, values, project, evaluators=evaluators, dataset=dataset)
        )
        url = f"{str(call.request.base_url).rstrip('/')}{self.path}{batch.id}/"
        return JSONResponse({"batch_execution_id": batch.id, "status_url": url}, 202)

    def _with_inputs(
        self, store: Store, account: Account, values: Mapping[str, Value]
    ) -> tuple[Mapping[str, Value], Row | None]:
        """Return the values with the inputs of a data set, and the data set if there is one."""
        id_ = values.get("dataset_id")
        if id_ is None:
            return values, None
        dataset = _found(self._datasets, store, account, "dataset_id", id_)
        inputs = self._datasets.read_inputs(store, account.organization, dataset.id) or []
        chosen = cast("dict[str, int] | None", values.get("range"))
        if chosen is not None:
            inputs = inputs[chosen["start"] : chosen["end"] + 1]
        if not inputs:
            text = "The data set has no file with such rows."
            raise Problem(400, {"dataset_id": [text]})
        return {**values, "inputs": cast("list[JsonValue]", inputs)}, dataset

    def retrieve(self, call: Call) -> Response:
        """Return a batch, after the next step of it."""
        row = self.find(call)
        return JSONResponse(self.serialize(self.advance(call.store, row)))

    def advance(self, store: Store, row: Row) -> Row:
        """Process a batch by one step: it begins, or all of its items are processed."""
        now = datetime.now(UTC).isoformat()
        if row.status == "pending":
            begun: list[JsonValue] = [
                {**item, "status": "processing"}
                for item in cast("list[dict[str, JsonValue]]", row.items)
            ]
            changes: dict[str, Value] = {"status": "processing", "started_at": now, "items": begun}
            return self.table(store).update(row, changes)
        if row.status != "processing":
            return row
        inputs = cast("list[dict[str, Value]]", row.inputs)
        items = [self._run(store, row, index, values, now) for index, values in enumerate(inputs)]
        failed = sum(item["status"] == "failed" for item in items)
        status = "failed" if failed == len(items) else "partial" if failed else "completed"
        return self.table(store).update(
            row,
            {
                "status": status,
                "completed_count": len(items) - failed,
                "failed_count": failed,
                "completed_at": now,
                "items": cast("list[JsonValue]", items),
            },
        )

    def _run(
        self, store: Store, row: Row, index: int, values: Mapping[str, Value], now: str
    ) -> dict[str, JsonValue]:
        account = Account(row.organization, row.email, row.full_name)
        item: dict[str, JsonValue] = {
            **batch_item(index, values),
            "status": "failed",
            "started_at": _time(row.started_at),
            "completed_at": _time(now),
        }
        body = {
            **values,
            "tags": row.tags,
            "project_id": values.get("project_id") or row.project_id,
        }
        try:
            if row.judge_id is None:
                run = self._run_evaluators(store, account, row, body)
            else:
                judge = self._judges.table(store).get(row.organization, str(row.judge_id))
                if judge is None:
                    return {**item, "error_message": "The judge was deleted."}
                version_id = cast("dict[str, Value]", row.judge)["version_id"]
                body["judge_version_id"] = version_id
                run = self._judges.run(store, account, judge, body)
        except Problem as problem:
            return {**item, "error_message": _sentence(problem.body)}
        results = cast("list[JsonValue]", run.results)
        return {
            **item,
            "status": "completed",
            "evaluator_results": results,
            "execution_log_id": run.log.id,
        }

    def _run_evaluators(
        self, store: Store, account: Account, row: Row, body: Mapping[str, Value]
    ) -> JudgeExecution:
        """Run the evaluators of a batch, as a judge that is not saved would."""
        references: list[Reference] = []
        table = self._evaluators.table(store)
        for one in cast("list[dict[str, str]]", row.evaluators):
            found = table.get(row.organization, one["id"])
            if found is not None:
                version_id = one["version_id"]
                found = self._evaluators.find_version(store, found, version_id)
                references.append(Reference(found, version_id))
        names = ", ".join(str(one.evaluator.name) for one in references)
        judge = SimpleNamespace(id=None, name=names, version_id=None, file_id=None)
        return self._runner.run(
            *(store, account, cast("Row", judge), references, body),
            project_id=str(body["project_id"]),
            execution_type="experiment",
        )


def _found(resource: AnyResource, store: Store, account: Account, field: str, id_: Value) -> Row:
    """Return the object that a field of a body names.

    Raises:
        Problem: The organization can read no such object.
    """
    found = resource.table(store).get(account.organization, str(id_))
    if found is None:
        raise Problem(400, {field: [f'Invalid pk "{id_}" - object does not exist.']})
    return found


def _time(value: object) -> str | None:
    return None if value is None else str(value).replace("+00:00", "Z")


def _sentence(errors: Mapping[str, object]) -> str:
    texts = (
        text
        for value in errors.values()
        for text in (cast("list[object]", value) if isinstance(value, list) else [value])
    )
    return " ".join(map(str, texts))
