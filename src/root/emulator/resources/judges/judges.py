"""The endpoints of judges that are not those of all resources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import cast
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from root.emulator.calls import Call
from root.emulator.events import event_stream
from root.emulator.fields import Value
from root.emulator.keys import Account
from root.emulator.problems import detail_problem
from root.emulator.resources.evaluators.execution import to_inputs
from root.emulator.resources.judges.batch_items import new_batch
from root.emulator.resources.judges.completions import (
    Completion,
    last_message,
)
from root.emulator.resources.judges.declaration import VISIBILITIES, DeclaredJudges
from root.emulator.resources.judges.execution import (
    Boost,
    JudgeExecution,
)
from root.emulator.resources.judges.generation import (
    criteria,
    draft,
    name_from,
    synthetic_data,
)
from root.emulator.resources.judges.refinement import (
    plan,
    refined_text,
)
from root.emulator.rows import Row
from root.emulator.store import Store

__all__ = ["Judges"]

_COPIED = ("intent", "stage", "file_id")


class Judges(DeclaredJudges):
    """The judges of organizations."""

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

    def generate(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Generate a judge, or generate one again."""
        store, account = call.store, call.account
        intent = str(values["intent"])
        drafted = draft(values)
        table = self.table(store)
        given = str(values.get("name") or "")
        name = given or name_from(intent)
        row = None
        if values.get("judge_id"):
            row = table.get(account.organization, str(values["judge_id"]))
            if row is None or row.organization != account.organization:
                raise detail_problem(404, "No Judge matches the given query.")
            name = given or str(row.name)
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
        visibility = VISIBILITIES.get(str(values["visibility"]), "PRIVATE")
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
