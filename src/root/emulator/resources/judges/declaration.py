"""What judges are, and their endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar, cast
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.events import event_stream
from root.emulator.fields import ChoiceField, DateTimeField, Fields, StringField, UUIDField, Value
from root.emulator.file_fields import EmailField, URLField
from root.emulator.filters import Condition, Filter, flag, search
from root.emulator.json_fields import ListField, ObjectField
from root.emulator.keys import Account
from root.emulator.number_fields import FloatField
from root.emulator.outputs import CREATED_AT, ID, Output, Schema
from root.emulator.problems import Problem, detail_problem
from root.emulator.resource import Operation
from root.emulator.resources.evaluators.declaration import Evaluators
from root.emulator.resources.evaluators.execution import to_inputs
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.judges.batch_items import BATCH_FIELDS, BATCH_RESULT, new_batch
from root.emulator.resources.judges.completions import (
    CHAT_FIELDS,
    COMPLETION_PARAMETERS,
    RESPONSES_FIELDS,
    Completion,
    last_message,
)
from root.emulator.resources.judges.execution import (
    JUDGE_EXECUTION_FIELDS,
    JUDGE_EXECUTION_RESULT,
    Boost,
    JudgeExecution,
    JudgeRunner,
    Reference,
)
from root.emulator.resources.judges.generation import (
    GENERATION_FIELDS,
    GENERATION_RESULT,
    SYNTHETIC_DATA,
    criteria,
    draft,
    name_from,
    synthetic_data,
)
from root.emulator.resources.judges.refinement import (
    REFINEMENT_FIELDS,
    REFINEMENT_RESULT,
    plan,
    refined_text,
)
from root.emulator.resources.models import DEFAULT_MODEL
from root.emulator.resources.objectives import Objectives
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.table_spec import SERVICE
from root.emulator.versions import VERSION_COLUMNS, VERSION_ID, VersionedResource
from root.emulator.visibility import (
    LISTS_PUBLIC,
    LOWER_CASE_VISIBILITY,
    STATUS,
    others_if_requested,
)

__all__ = ["Judges", "StoredJudge"]

# A random UUID. The ID of an objective, which older clients require, is derived from the judge's.
_NAMESPACE = UUID("b7d9a9b0-6e0c-4f4e-9d55-7a0a9a3c9b21")

_VISIBILITY: Mapping[str, Visibility] = {
    "public": "PUBLIC",
    "global": "PUBLIC",
    "public_unlisted": "PUBLIC_UNLISTED",
}
"""All others are private."""

_EVALUATOR: Schema = {
    "type": "object",
    "required": ["id", "name", "objective", "is_root_evaluator", "model", "version_id"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "objective": {
            "type": "object",
            "required": ["intent"],
            "properties": {"intent": {"type": "string"}},
        },
        "is_root_evaluator": {"type": "boolean"},
        "model": {"type": "string"},
        "version_id": {"type": "string", "format": "uuid"},
    },
}

_JUDGE: Schema = {"$ref": "#/components/schemas/Judge"}

_ONLY = "Return only judges"

_COPIED = ("intent", "stage", "file_id")


@dataclass(frozen=True, slots=True)
class StoredJudge:
    """A judge that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name.
        intent: What it evaluates.
        stage: The stage of the application that it evaluates, or an empty string.
        evaluator_references: The IDs of its evaluators, and of their versions or None.
        file_id: The file that it uses, or None.
        project_id: The project that it belongs to.
        version_id: The ID of its newest version.
        created_at: The time of its creation.
        visibility: Who can read it.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str
    intent: str
    stage: str
    evaluator_references: list[dict[str, JsonValue]]
    file_id: str | None
    project_id: str
    version_id: str
    created_at: datetime
    visibility: Visibility
    organization: str
    owner: str


class Judges(VersionedResource[StoredJudge]):
    """The judges of organizations."""

    noun: ClassVar[str] = "judge"
    path: ClassVar[str] = "/v1/judges/"
    stored: type[StoredJudge] = StoredJudge
    operations: ClassVar[tuple[Operation, ...]] = (
        "list",
        "create",
        "retrieve",
        "replace",
        "update",
        "delete",
    )
    fields: ClassVar[Fields] = {
        "name": StringField(
            required=True, min_length=3, max_length=512, description="The name, unique or not."
        ),
        "intent": StringField(required=True, description="What it evaluates."),
        "evaluator_references": ListField(
            child=ObjectField(
                fields={"id": UUIDField(required=True), "version_id": UUIDField(nullable=True)}
            ),
            default=[],
            description="Its evaluators; without a version, always the newest one.",
        ),
        "stage": StringField(
            default="",
            allow_blank=True,
            max_length=255,
            description="The stage of the application that it evaluates.",
        ),
        "file_id": UUIDField(nullable=True, description="A file that it uses as a context."),
        "project_id": UUIDField(
            nullable=True,
            description="The project; by default that of the judge, or the default one.",
        ),
        "visibility": ChoiceField(
            choices=("private", "public", "unlisted", "listed", "public_unlisted"),
            default="private",
            is_stored=False,
            former_name="status",
            description="Who can read it; by default private. Older clients send it as `status`,"
            " with `unlisted` or `listed` for private.",
        ),
    }
    internal: ClassVar[Fields] = {
        **VERSION_COLUMNS,
        "claim_token": UUIDField(nullable=True),
        "synthetic_data": ChoiceField(
            choices=("not_generated", "pending", "ready"), default="not_generated"
        ),
    }
    silent: ClassVar[frozenset[str]] = frozenset({"project_id", "claim_token", "synthetic_data"})
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "intent",
        "stage",
        "evaluators",
        "inputs",
        "files",
        "version_id",
        "created_at",
        "project_id",
        "visibility",
        "_meta",
        "status",
        "objective",
    )
    listed: ClassVar[tuple[str, ...] | None] = (
        "id",
        "name",
        "intent",
        "evaluators",
        "inputs",
        "created_at",
        "project_id",
        "visibility",
        "_meta",
        "status",
    )
    sorted_by: ClassVar[tuple[str, ...]] = ("name",)
    filtered_by: ClassVar[tuple[str, ...]] = ("name", "project_id")
    filters: ClassVar[Mapping[str, Filter]] = {
        "search": search(
            "name", "intent", description=f"{_ONLY} with this text in the name or the intent."
        ),
        "is_preset": flag("0", f"{_ONLY} of the service; there are none."),
        "featured": flag("0", f"{_ONLY} that the service features; there are none."),
        "is_public": flag("visibility = 'PUBLIC'", f"{_ONLY} that everybody can read."),
        "intent_evaluability_score_gte": Filter(
            FloatField(), "1.0 >= ?", f"{_ONLY} with this score or a higher one; all have 1.0."
        ),
    }
    list_parameters: ClassVar[Fields] = {
        **LISTS_PUBLIC,
        "executed_at_gte": DateTimeField(
            description=f"{_ONLY} that the organization has run since this time."
        ),
    }
    looked_up_by: ClassVar[tuple[str, ...]] = ("claim_token",)
    has_public: ClassVar[bool] = True
    # The first request for synthetic data changes its status.
    prepares: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {
        "update": "A change makes a version. Omitted fields keep their value.",
        "replace": "A change makes a version. Omitted fields get their default.",
    }
    dashboard_columns: ClassVar[tuple[str, ...]] = ("intent",)
    actions: ClassVar[tuple[Action, ...]] = (
        Action(
            "POST",
            "{id}/execute",
            handler="execute",
            summary="Run a judge",
            result="The results of its evaluators, in the order of the references.",
            schema=JUDGE_EXECUTION_RESULT,
            fields=JUDGE_EXECUTION_FIELDS,
        ),
        Action(
            "POST",
            "execute/by-name",
            handler="execute_by_name",
            summary="Run a judge by its name",
            result="The results of its evaluators, in the order of the references.",
            schema=JUDGE_EXECUTION_RESULT,
            fields=JUDGE_EXECUTION_FIELDS,
            parameters={"name": StringField(required=True, description="The name.")},
            may_be_missing=True,
        ),
        Action(
            "POST",
            "generate",
            handler="generate",
            summary="Generate a judge",
            result="The judge, or an error code; then the judge has no evaluators.",
            schema=GENERATION_RESULT,
            status=201,
            fields=GENERATION_FIELDS,
            may_be_missing=True,
        ),
        Action(
            "POST",
            "{id}/refine",
            handler="refine",
            summary="Refine a response",
            result="The refined response with its results; as server-sent events, the original"
            " results first.",
            schema=REFINEMENT_RESULT,
            fields=REFINEMENT_FIELDS,
            streams=True,
        ),
        Action(
            "POST",
            "{id}/batch-execute",
            handler="batch_execute",
            summary="Run a judge for a batch of inputs",
            result="The batch, which has not begun yet.",
            schema=BATCH_RESULT,
            status=202,
            fields=BATCH_FIELDS,
            has_problem_details=True,
        ),
        Action(
            "POST",
            "{id}/duplicate",
            handler="duplicate",
            summary="Duplicate a judge",
            result="The copy, which belongs to the organization.",
            schema=_JUDGE,
            status=201,
            fields={"project_id": UUIDField(nullable=True)},
        ),
        Action(
            "POST",
            "{id}/invite",
            handler="invite",
            summary="Invite others to a judge",
            result="An empty object; nothing is sent.",
            schema={"type": "object"},
            fields={
                "emails": ListField(child=EmailField(), required=True, min_items=1, max_items=10),
                "judge_url": URLField(required=True),
            },
        ),
        Action(
            "POST",
            "claim",
            handler="claim",
            summary="Claim a generated judge",
            result="The judge, which belongs to the organization now.",
            schema=_JUDGE,
            fields={
                "claim_token": UUIDField(required=True),
                "project_id": UUIDField(nullable=True),
            },
            may_be_missing=True,
        ),
        Action(
            "GET",
            "{id}/synthetic-data",
            handler="synthetic_data",
            summary="Retrieve the samples of a generated judge",
            result="The samples; for the first request they are pending.",
            schema=SYNTHETIC_DATA,
        ),
        *(
            Action(
                "POST",
                f"{prefix}openai/{path}",
                handler=f"{name}{handler}",
                summary=summary,
                result="The completion, as of OpenAI's API.",
                schema={"type": "object"},
                fields=fields,
                parameters=COMPLETION_PARAMETERS,
                has_slash=False,
                accepts_bearer=True,
                streams=True,
                may_be_missing=not prefix,
            )
            for prefix, name in (("", "named_"), ("{id}/", ""), ("{id}/refine/", "refined_"))
            for path, handler, summary, fields in (
                ("chat/completions", "chat", "Complete a chat, and judge it", CHAT_FIELDS),
                ("responses", "response", "Create a response, and judge it", RESPONSES_FIELDS),
            )
        ),
    )

    def __init__(
        self,
        projects: Projects,
        objectives: Objectives,
        evaluators: Evaluators,
        logs: ExecutionLogs,
    ) -> None:
        """Create the resource.

        Args:
            projects: The projects that judges belong to.
            objectives: The objectives of evaluators.
            evaluators: The evaluators that judges run.
            logs: The logs of executions.
        """
        self._projects = projects
        self._objectives = objectives
        self._evaluators = evaluators
        self._runner = JudgeRunner(evaluators, logs)
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        objects: Schema = {"type": "object"}
        return {
            "id": ID,
            "created_at": CREATED_AT,
            "version_id": VERSION_ID,
            "visibility": LOWER_CASE_VISIBILITY,
            "evaluators": Output({"type": "array", "items": dict(_EVALUATOR)}, self._nested),
            "inputs": Output(objects, self._inputs),
            "files": Output({"type": "array", "items": dict(objects)}, _files),
            "_meta": Output(objects, lambda row: {}),
            # Older clients require them.
            "status": STATUS,
            "objective": Output(objects, _objective),
        }

    def provide(self, store: Store) -> None:
        """Remember the database, which responses read evaluators from."""
        self._store = store

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of judges of others in a list."""
        return others_if_requested(call)

    def conditions(self, call: Call) -> list[Condition]:
        """Return the conditions of the filters of a list."""
        found = super().conditions(call)
        since = call.parameters(self.list_parameters).get("executed_at_gte")
        if since is not None:
            condition = (
                "EXISTS (SELECT 1 FROM execution_logs AS log WHERE log.organization = ?"
                " AND log.executed_item_id = judges.id AND log.created_at >= ?)"
            )
            found.append((condition, (call.account.organization, since)))
        return found

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return the project.

        Raises:
            Problem: The values are refused.
        """
        derived: dict[str, Value] = {}
        if row is None or "project_id" in values:
            derived["project_id"] = self._projects.project_for(
                store,
                account,
                values.get("project_id"),
                None if row is None else row.project_id,
            )
        if "evaluator_references" in values:
            self._check_references(store, account, values["evaluator_references"])
        return derived

    def create_row(self, call: Call) -> Row:
        """Store the judge that a request creates, and return it."""
        values = call.validate(self.fields)
        visibility = _VISIBILITY.get(str(values.get("visibility")), "PRIVATE")
        return self.insert(call.store, call.account, self.complete(values), visibility)

    def replace(self, call: Call) -> Response:
        """Set all fields of a judge; omitted fields get their default."""
        row = self.find_own(call)
        values = call.validate(self.fields)
        completed = self.complete(values)
        kept = {name: completed[name] for name in completed if name in self.fields}
        return self._respond_changed(call, row, {"visibility": "private", **kept, **values})

    def update(self, call: Call) -> Response:
        """Set the given fields of a judge."""
        row = self.find_own(call)
        return self._respond_changed(call, row, call.validate(self.fields, is_partial=True))

    def execute(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run a judge."""
        return JSONResponse(self.run(call.store, call.account, row, values).to_json())

    def execute_by_name(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Run a judge by its name."""
        row = self.find_by_name(call.store, call.account, str(values["name"]))
        return self.execute(call, row, values)

    def run(
        self,
        store: Store,
        account: Account,
        judge: Row,
        values: Mapping[str, Value],
        *,
        execution_type: str = "judge",
        boost: Boost | None = None,
    ) -> JudgeExecution:
        """Run a judge, and write the logs.

        Args:
            store: The database.
            account: The account that runs it.
            judge: The judge.
            values: The validated body of the execution, of `JUDGE_EXECUTION_FIELDS`.
            execution_type: The type of the judge's log.
            boost: What is added to the scores, or None.

        Raises:
            Problem: The judge has no such version, or nothing to evaluate is given.
        """
        judge = self.find_version(store, judge, cast("str | None", values.get("judge_version_id")))
        project_id = self._project_of_run(store, account, judge, values)
        return self._runner.run(
            *(store, account, judge, self.references(store, judge), values),
            project_id=project_id,
            execution_type=execution_type,
            boost=boost,
        )

    def _project_of_run(
        self, store: Store, account: Account, judge: Row, values: Mapping[str, Value]
    ) -> str:
        is_own = judge.organization == account.organization
        return self._projects.project_for(
            store, account, values.get("project_id"), judge.project_id if is_own else None
        )

    def find_by_name(self, store: Store, account: Account, name: str) -> Row:
        """Return the judge with a name.

        Raises:
            Problem: The organization can read no such judge.
        """
        found = self.table(store).find_nearest(account.organization, "name", name)
        if found is None:
            raise detail_problem(404, "No Judge matches the given query.")
        return found

    def references(self, store: Store, judge: Row) -> list[Reference]:
        """Return the evaluators of a judge, without those that were deleted."""
        table, found = self._evaluators.table(store), list[Reference]()
        for reference in cast("list[dict[str, str | None]]", judge.evaluator_references):
            row = table.get(judge.organization, str(reference["id"]))
            if row is None:
                continue
            version_id = reference.get("version_id")
            try:
                row = self._evaluators.find_version(store, row, version_id)
            except Problem:
                continue
            found.append(Reference(row, version_id))
        return found

    def generate(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Generate a judge, or generate one anew."""
        store, account = call.store, call.account
        intent = str(values["intent"])
        drafted = draft(values)
        table = self.table(store)
        name = str(values.get("name") or name_from(intent))
        row = None
        if values.get("judge_id"):
            row = table.get(account.organization, str(values["judge_id"]))
            if row is None or row.organization != account.organization:
                raise detail_problem(404, "No Judge matches the given query.")
            name = str(values.get("name") or row.name)
        elif values.get("overwrite", True):
            row = table.find(account.organization, "name", name)
        ids = drafted.evaluator_ids
        if not drafted.error_code:
            ids = [*ids, self._own_evaluator(store, account, name, values)]
        saved: dict[str, Value] = {
            "name": name,
            "intent": intent,
            "stage": values.get("stage") or "",
            "file_id": values.get("file_id"),
            "evaluator_references": [{"id": id_, "version_id": None} for id_ in ids],
            "claim_token": str(uuid4()),
            "synthetic_data": "pending" if ids else "not_generated",
        }
        if row is None or values.get("project_id"):
            saved["project_id"] = values.get("project_id")
        visibility = _VISIBILITY.get(str(values["visibility"]), "PRIVATE")
        if row is None:
            judge = self.insert(store, account, self.complete(saved) | saved, visibility)
        else:
            judge = self.change(store, account, row, saved)
            judge = table.update(judge, {"visibility": visibility})
        return JSONResponse(
            {
                "judge_id": judge.id,
                "judge_version_id": judge.version_id,
                "error_code": drafted.error_code,
                "claim_token": judge.claim_token,
                "missing_context_from_system_goal": drafted.missing_context,
                "stages": drafted.stages,
            },
            201,
        )

    def refine(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Refine a response."""
        text = to_inputs(values).answered
        original, final, improved = self._refine(call, row, values, text)
        first = {"original_response": text, "original_evaluator_results": original.results}
        last = {**first, **final.to_json(), "improved_response": improved}
        return event_stream([first, last]) if values.get("stream") else JSONResponse(last)

    def batch_execute(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run a judge for a batch of inputs."""
        version_id = cast("str | None", values.get("judge_version_id"))
        judge = self.find_version(call.store, row, version_id)
        project_id = self._project_of_run(call.store, call.account, judge, values)
        batches = call.store.tables["batch_executions"]
        batch = batches.insert(call.account, new_batch(judge, values, project_id))
        path = f"{self.path}batch-executions/{batch.id}/"
        url = str(call.request.base_url).rstrip("/") + path
        return JSONResponse({"batch_execution_id": batch.id, "status_url": url}, 202)

    def duplicate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Duplicate a judge."""
        copied: dict[str, Value] = {name: getattr(row, name) for name in _COPIED}
        copied["name"] = f"{str(row.name)[:505]} (copy)"
        copied["project_id"] = values.get("project_id")
        evaluators, organization = self._evaluators.table(call.store), call.account.organization
        copied["evaluator_references"] = [
            {"id": one.evaluator.id, "version_id": one.version_id}
            for one in self.references(call.store, row)
            if evaluators.get(organization, one.evaluator.id)
        ]
        copy = self.insert(call.store, call.account, self.complete(copied))
        return JSONResponse(self.serialize(copy), 201)

    def invite(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Accept an invitation; nothing is sent."""
        return JSONResponse({})

    def claim(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Move a generated judge to the organization, with the evaluator for its intent."""
        store, account = call.store, call.account
        judge = self.table(store).find_anywhere("claim_token", values["claim_token"])
        if judge is None:
            raise detail_problem(404, "No Judge matches the given query.")
        project_id = self._projects.project_for(store, account, values.get("project_id"))
        for reference in self.references(store, judge):
            if reference.evaluator.organization == judge.organization:
                self._evaluators.move(store, account, reference.evaluator, project_id)
        moved = self.move(store, account, judge, project_id)
        moved = self.table(store).update(moved, {"claim_token": None})
        return JSONResponse(self.serialize(moved))

    def synthetic_data(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Return the samples of a generated judge, which are ready from the second request on."""
        status = str(row.synthetic_data)
        if status == "pending":
            self.table(call.store).update(row, {"synthetic_data": "ready"})
        return JSONResponse(synthetic_data(str(row.name), str(row.intent), status))

    def chat(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Complete a chat, and judge it."""
        return self._complete(call, row, values).chat(stream=bool(values.get("stream")))

    def response(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Create a response, and judge it."""
        return self._complete(call, row, values).response(stream=bool(values.get("stream")))

    def named_chat(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Complete a chat, and judge it by the judge that the model names."""
        return self.chat(call, self._named(call, values), values)

    def named_response(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Create a response, and judge it by the judge that the model names."""
        return self.response(call, self._named(call, values), values)

    def refined_chat(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Complete a chat, and refine it."""
        completion = self._complete(call, row, values, is_refined=True)
        return completion.chat(stream=bool(values.get("stream")))

    def refined_response(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Create a response, and refine it."""
        completion = self._complete(call, row, values, is_refined=True)
        return completion.response(stream=bool(values.get("stream")))

    def _named(self, call: Call, values: Mapping[str, Value]) -> Row:
        name = str(values["model"])
        found = self.table(call.store).get(call.account.organization, name.lower())
        return found or self.find_by_name(call.store, call.account, name)

    def _complete(
        self, call: Call, judge: Row, values: Mapping[str, Value], *, is_refined: bool = False
    ) -> Completion:
        prompt = last_message(values)
        text = f"You said: {prompt}"
        project_id = call.request.headers.get("x-project-id")
        body: dict[str, Value] = {"request": prompt, "response": text, "project_id": project_id}
        if is_refined:
            _, run, text = self._refine(call, judge, body, text, execution_type="proxy")
        else:
            run = self.run(call.store, call.account, judge, body, execution_type="proxy")
        is_shown = values.get("rs_metadata", True) and not values.get("async_judge")
        return Completion(str(values["model"]), prompt, text, run.results if is_shown else None)

    def _refine(
        self,
        call: Call,
        judge: Row,
        values: Mapping[str, Value],
        text: str,
        *,
        execution_type: str = "judge",
    ) -> tuple[JudgeExecution, JudgeExecution, str]:
        """Return the executions for the original and the refined response, and its text."""
        run = partial(self.run, call.store, call.account, judge, execution_type=execution_type)
        original = run(values)
        boost = plan(original.score, values)
        if boost is None:
            return original, original, text
        improved = refined_text(text)
        if values.get("turns") is None:
            values = {**values, "response": improved}
        return original, run(values, boost=boost), improved

    def _own_evaluator(
        self, store: Store, account: Account, name: str, values: Mapping[str, Value]
    ) -> str:
        """Return the ID of the evaluator for the intent of a generated judge."""
        intent = str(values["intent"])
        project: dict[str, Value] = {"project_id": values.get("project_id")}
        objective = self._objectives.insert(
            store, account, self._objectives.complete({"intent": intent, **project})
        )
        saved: dict[str, Value] = {
            "name": f"{name}: intent",
            "objective_id": objective.id,
            "scoring_criteria": criteria(intent),
        }
        table = self._evaluators.table(store)
        row = table.find(account.organization, "name", saved["name"])
        if row is not None:
            return self._evaluators.change(store, account, row, saved).id
        completed = self._evaluators.complete({**saved, **project})
        return self._evaluators.insert(store, account, completed).id

    def _respond_changed(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        stored = {name: value for name, value in values.items() if name in self.spec.fields}
        row = self.change(call.store, call.account, row, stored)
        if "visibility" in values:
            visibility = _VISIBILITY.get(str(values["visibility"]), "PRIVATE")
            row = self.table(call.store).update(row, {"visibility": visibility})
        return JSONResponse(self.serialize(row))

    def _check_references(self, store: Store, account: Account, references: Value) -> None:
        table = self._evaluators.table(store)
        for reference in cast("list[dict[str, str | None]]", references):
            id_, version_id = str(reference["id"]), reference.get("version_id")
            row = table.get(account.organization, id_)
            try:
                if row is None:
                    raise detail_problem(404, "")
                self._evaluators.find_version(store, row, version_id)
            except Problem:
                unknown = id_ if row is None else version_id
                text = f'Invalid pk "{unknown}" - object does not exist.'
                raise Problem(400, {"evaluator_references": [text]}) from None

    def _nested(self, row: Row) -> list[dict[str, object]]:
        return [_as_nested(one.evaluator) for one in self.references(self._store, row)]

    def _inputs(self, row: Row) -> dict[str, object]:
        found: dict[str, object] = {}
        for reference in self.references(self._store, row):
            found |= cast("dict[str, object]", reference.evaluator.inputs)
        return found


def _as_nested(evaluator: Row) -> dict[str, object]:
    """Return an evaluator as in a judge."""
    models = cast("list[str]", evaluator.models)
    objective = cast("dict[str, object]", evaluator.objective or {})
    return {
        "id": evaluator.id,
        "name": evaluator.name,
        "objective": {"intent": objective.get("intent", "")},
        "is_root_evaluator": evaluator.organization == SERVICE,
        "model": models[0] if models else DEFAULT_MODEL,
        "version_id": evaluator.version_id,
    }


def _files(row: Row) -> list[dict[str, object]]:
    if row.file_id is None:
        return []
    return [{"id": row.file_id, "name": row.file_id, "url": f"/v1/files/{row.file_id}/"}]


def _objective(row: Row) -> dict[str, object]:
    return {"id": str(uuid5(_NAMESPACE, row.id)), "intent": row.intent}
