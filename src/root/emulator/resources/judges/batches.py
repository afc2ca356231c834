"""Batches of runs of a judge, which advance when they are polled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import ClassVar, cast

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.fields import DateTimeField, Fields, Value
from root.emulator.filters import Filter, at_least, at_most
from root.emulator.keys import Account
from root.emulator.problems import Problem
from root.emulator.resource import CREATED_AT, ID, Call, Operation, Output, Resource, Schema
from root.emulator.resources.judges.batch_items import BATCH_COLUMNS, batch_item
from root.emulator.resources.judges.declaration import Judges
from root.emulator.rows import Row
from root.emulator.store import Store

__all__ = ["BatchExecutions", "StoredBatchExecution"]


@dataclass(frozen=True, slots=True)
class StoredBatchExecution:
    """A batch that was created in the emulator.

    Attributes:
        id: The ID.
        judge_id: The ID of the judge.
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
    judge_id: str
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

    def __init__(self, judges: Judges) -> None:
        """Create the resource.

        Args:
            judges: The judges that run.
        """
        self._judges = judges
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
        judge = self._judges.table(store).get(row.organization, str(row.judge_id))
        if judge is None:
            return {**item, "error_message": "The judge was deleted."}
        version_id = cast("dict[str, Value]", row.judge)["version_id"]
        body = {
            **values,
            "tags": row.tags,
            "judge_version_id": version_id,
            "project_id": values.get("project_id") or row.project_id,
        }
        try:
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


def _time(value: object) -> str | None:
    return None if value is None else str(value).replace("+00:00", "Z")


def _sentence(errors: Mapping[str, object]) -> str:
    texts = (
        text
        for value in errors.values()
        for text in (cast("list[object]", value) if isinstance(value, list) else [value])
    )
    return " ".join(map(str, texts))
