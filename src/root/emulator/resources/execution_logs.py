"""Execution logs: one for each run of an evaluator, and one for each run of a judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import ClassVar, cast

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import (
    ChoiceField,
    DateTimeField,
    Field,
    Fields,
    StringField,
    UUIDField,
    Value,
)
from root.emulator.filters import Filter, any_of, at_least, at_most, equal, flag, search
from root.emulator.json_fields import JsonField, ListField, MapField
from root.emulator.keys import Account
from root.emulator.number_fields import FloatField
from root.emulator.outputs import CREATED_AT, ID, OWNER, Output
from root.emulator.problems import Problem
from root.emulator.resource import Resource
from root.emulator.rows import Row
from root.emulator.store import Store

__all__ = ["EXECUTION_TYPES", "ExecutionLogs", "StoredExecutionLog"]

EXECUTION_TYPES = ("skill", "evaluator", "judge", "experiment", "test", "proxy")

_PREVIEW = 500

_INCLUDABLE = ("llm_output", "variables", "evaluation_context")

# The maximum number of session and user IDs in a response.
_MAX_IDS = 30


@dataclass(frozen=True, slots=True)
class StoredExecutionLog:
    """A log that was written in the emulator.

    Attributes:
        id: The ID.
        execution_type: What ran: `evaluator`, `judge` and others.
        executed_item_id: The ID of the evaluator or judge, or None.
        executed_item_name: Its name.
        executed_item_version_id: The ID of the version that ran, or None.
        score: The score, or None.
        justification: The justification of the score.
        request: The request, or an empty string.
        response: The response, or an empty string.
        contexts: The contexts.
        expected_output: The expected output, or an empty string.
        variables: All inputs that are strings, by name.
        turns: The turns of a conversation, or None.
        tags: The tags.
        session_id: The ID of the session, or an empty string.
        user_id: The ID of the user, or an empty string.
        system_prompt: The system prompt, or an empty string.
        parent_execution_log_id: The ID of the judge's log, or None.
        project_id: The project that it belongs to.
        created_at: The time of the execution.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who ran it.
    """

    id: str
    execution_type: str
    executed_item_id: str | None
    executed_item_name: str
    executed_item_version_id: str | None
    score: float | None
    justification: str
    request: str
    response: str
    contexts: list[str]
    expected_output: str
    variables: dict[str, str]
    turns: list[dict[str, JsonValue]] | None
    tags: list[str]
    session_id: str
    user_id: str
    system_prompt: str
    parent_execution_log_id: str | None
    project_id: str
    created_at: datetime
    organization: str
    owner: str


def _text() -> StringField:
    return StringField(default="", allow_blank=True)


_ONLY = "Return only logs"

_NEWEST = flag(
    "position IN (SELECT max(position) FROM execution_logs GROUP BY organization,"
    " executed_item_id)",
    "Whether to return only the newest log of each evaluator and judge.",
)


class ExecutionLogs(Resource[StoredExecutionLog]):
    """The execution logs of organizations."""

    noun: ClassVar[str] = "execution log"
    path: ClassVar[str] = "/v1/execution-logs/"
    stored: type[StoredExecutionLog] = StoredExecutionLog
    operations: ClassVar[tuple[Operation, ...]] = ("list", "retrieve")
    fields: ClassVar[Fields] = {}
    internal: ClassVar[Fields] = {
        "execution_type": ChoiceField(choices=EXECUTION_TYPES),
        "executed_item_id": UUIDField(nullable=True),
        "executed_item_name": _text(),
        "executed_item_version_id": UUIDField(nullable=True),
        "score": FloatField(nullable=True),
        "cost": FloatField(nullable=True, default=0.0),
        "confidence": FloatField(nullable=True),
        "justification": _text(),
        "llm_output": _text(),
        "model": _text(),
        "scoring_criteria": _text(),
        "rendered_prompt": _text(),
        "request": _text(),
        "response": _text(),
        "contexts": ListField(child=StringField(), default=[]),
        "expected_output": _text(),
        "variables": MapField(child=StringField(allow_blank=True), nullable=True),
        "turns": JsonField(nullable=True, schema={"type": ["array", "null"]}),
        "system_prompt": _text(),
        "session_id": _text(),
        "user_id": _text(),
        "tags": ListField(child=StringField(), default=[]),
        "project_id": UUIDField(nullable=True),
        "parent_execution_log_id": UUIDField(nullable=True),
        "evaluator_results": JsonField(default=[], schema={"type": "array"}),
        "evaluator_latencies": JsonField(nullable=True, schema={"type": ["array", "null"]}),
        "model_call_duration": FloatField(default=0.0),
    }
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "cost",
        "turns",
        "created_at",
        "evaluation_context",
        "evaluator_latencies",
        "executed_item_id",
        "executed_item_name",
        "executed_item_version_id",
        "execution_type",
        "justification",
        "llm_output",
        "model_call_duration",
        "model",
        "owner",
        "parent_execution_log_id",
        "scoring_criteria",
        "score",
        "session_id",
        "system_prompt",
        "tags",
        "user_id",
        "evaluator_results",
        "variables",
        "classification",
        "confidence",
        "chat_id",
        "prompt_template",
        "rendered_prompt",
        "model_params",
    )
    listed: ClassVar[tuple[str, ...] | None] = (
        "id",
        "cost",
        "created_at",
        "evaluation_context",
        "executed_item_id",
        "executed_item_name",
        "executed_item_version_id",
        "execution_type",
        "llm_output",
        "owner",
        "parent_execution_log_id",
        "project_id",
        "request_preview",
        "response_preview",
        "score",
        "session_id",
        "tags",
        "user_id",
        "variables",
    )
    sorted_by: ClassVar[tuple[str, ...]] = ("executed_item_name",)
    filtered_by: ClassVar[tuple[str, ...]] = (
        "executed_item_id",
        "execution_type",
        "session_id",
        "user_id",
        "project_id",
    )
    filters: ClassVar[Mapping[str, Filter]] = {
        "search": search(
            "executed_item_name",
            "executed_item_id",
            description=f"{_ONLY} with this text in the name or the ID of what ran.",
        ),
        "tags": any_of("tags", f"{_ONLY} with one of these tags, which commas separate."),
        "date_from": at_least("created_at", DateTimeField(), f"{_ONLY} from this time on."),
        "date_to": at_most("created_at", DateTimeField(), f"{_ONLY} up to this time."),
        "min_score": at_least("score", FloatField(), f"{_ONLY} with this score or a higher one."),
        "max_score": at_most("score", FloatField(), f"{_ONLY} with this score or a lower one."),
        "has_session_id": Filter(
            flag("", "").field,
            "(session_id != '') = ?",
            f"{_ONLY} with a session ID, or only those without one.",
        ),
        "unique_skills": _NEWEST,
    }
    newer_filters: ClassVar[Mapping[str, Filter]] = {
        "execution_type": equal(
            "execution_type",
            ChoiceField(choices=(*EXECUTION_TYPES, "internal")),
            f"{_ONLY} of this type.",
        ),
        "judge_id": Filter(
            UUIDField(),
            "coalesce(parent_execution_log_id, id) IN"
            " (SELECT id FROM execution_logs WHERE executed_item_id = ?"
            " AND execution_type IN ('judge', 'proxy'))",
            f"{_ONLY} of this judge, and of evaluators that it ran.",
        ),
        "batch_execution_id": Filter(
            UUIDField(),
            "coalesce(parent_execution_log_id, id) IN"
            " (SELECT json_extract(item.value, '$.execution_log_id')"
            " FROM batch_executions AS batch, json_each(batch.items) AS item WHERE batch.id = ?)",
            f"{_ONLY} of this batch, and of evaluators that it ran.",
        ),
        "parent_execution_log_id": equal(
            "parent_execution_log_id", UUIDField(), f"{_ONLY} of the evaluators in this run."
        ),
        "model": equal("model", StringField(), f"{_ONLY} of this model."),
        "owner_email": equal("email", StringField(), f"{_ONLY} of the user with this address."),
        "min_cost": at_least("cost", FloatField(), f"{_ONLY} with this cost or a higher one."),
        "max_cost": at_most("cost", FloatField(), f"{_ONLY} with this cost or a lower one."),
        "unique_evaluators": _NEWEST,
    }
    list_parameters: ClassVar[Fields] = {
        "include": StringField(
            description=f"The fields to fill, separated by commas: {', '.join(_INCLUDABLE)}. Those"
            " that are not named are null."
        )
    }
    refuses_unknown_parameters: ClassVar[bool] = True
    dashboard_columns: ClassVar[tuple[str, ...]] = (
        "executed_item_name",
        "execution_type",
        "score",
    )
    actions: ClassVar[tuple[Action, ...]] = (
        *(
            Action(
                "GET",
                f"{kind}-ids",
                handler=f"list_{kind}_ids",
                summary=f"List the IDs of {kind}s that logs have",
                result=f"At most {_MAX_IDS} IDs, in alphabetical order.",
                schema={"type": "array", "items": {"type": "string"}, "maxItems": _MAX_IDS},
                parameters={"starts_with": StringField(description="What they start with.")},
            )
            for kind in ("session", "user")
        ),
        Action(
            "POST",
            "set-tags",
            handler="set_tags",
            summary="Replace the tags of logs",
            result="The tags were replaced.",
            schema=None,
            status=204,
            fields={
                "log_ids": ListField(child=UUIDField(), min_items=1, max_items=500, required=True),
                "tags": ListField(child=StringField(), max_items=15, default=[]),
            },
        ),
    )

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        text = {"type": "string"}
        preview: Field = StringField(allow_blank=True, max_length=_PREVIEW)
        return {
            "id": ID,
            "created_at": CREATED_AT,
            "owner": OWNER,
            "evaluation_context": Output(
                {
                    "type": ["object", "null"],
                    "required": ["contexts", "expected_output"],
                    "properties": {
                        "contexts": {"type": "array", "items": {"type": "string"}},
                        "expected_output": {"type": "string"},
                    },
                },
                lambda row: {"contexts": row.contexts, "expected_output": row.expected_output},
            ),
            "llm_output": Output({"type": ["string", "null"]}, attrgetter("llm_output")),
            "request_preview": Output(preview.response_schema(), lambda row: _asked(row)),
            "response_preview": Output(preview.response_schema(), lambda row: _answered(row)),
            "classification": Output({"type": ["object", "null"]}, lambda row: None),
            # Older clients require them.
            "chat_id": Output({"type": ["string", "null"]}, lambda row: None),
            "prompt_template": Output(text, attrgetter("scoring_criteria")),
            "model_params": Output({"type": ["object", "null"]}, lambda row: None),
        }

    def write(self, store: Store, account: Account, values: Mapping[str, Value]) -> Row:
        """Store a log; omitted values are empty."""
        return self.insert(store, account, self.complete(values))

    def list_serializer(self, call: Call) -> Callable[[Row], dict[str, object]]:
        """Return what serializes the logs of a list, with the fields that the query includes."""
        included = str(call.parameters(self.list_parameters).get("include", ""))
        names = {name.strip() for name in included.split(",")}
        omitted = dict.fromkeys(name for name in _INCLUDABLE if name not in names)
        return lambda row: self.serialize_listed(row) | omitted

    def list_session_ids(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Return the IDs of sessions."""
        return self._list_ids(call, "session_id", values)

    def list_user_ids(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Return the IDs of users."""
        return self._list_ids(call, "user_id", values)

    def set_tags(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Replace the tags of logs, of all or of none."""
        table = self.table(call.store)
        ids = cast("list[str]", values["log_ids"])
        found = [table.get(call.account.organization, id_) for id_ in ids]
        if unknown := [id_ for id_, row in zip(ids, found, strict=True) if row is None]:
            text = f"These execution logs do not exist: {', '.join(unknown)}."
            raise Problem(400, {"log_ids": [text]})
        for row in found:
            assert row is not None
            table.update(row, {"tags": values.get("tags", [])})
        return Response(status_code=204)

    def _list_ids(self, call: Call, column: str, values: Mapping[str, Value]) -> Response:
        prefix = str(values.get("starts_with", ""))
        found = self.table(call.store).list_values(
            call.account.organization, column, prefix, _MAX_IDS
        )
        return JSONResponse(found)


def _asked(row: Row) -> str:
    return (str(row.request) or _said(row, "user"))[:_PREVIEW]


def _answered(row: Row) -> str:
    return (str(row.response) or _said(row, "assistant"))[:_PREVIEW]


def _said(row: Row, role: str) -> str:
    """Return what somebody says last in the turns of a log."""
    turns = cast("list[dict[str, Value]]", row.turns or [])
    texts = [str(turn["content"]) for turn in turns if turn["role"] == role and turn["content"]]
    return texts[-1] if texts else ""
