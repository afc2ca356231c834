"""The endpoints of evaluators that are not those of all resources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import cast

from starlette.responses import JSONResponse, Response

from root.emulator.calls import Call
from root.emulator.fields import Value
from root.emulator.keys import Account
from root.emulator.problems import detail_problem
from root.emulator.resources.evaluators.calibration import (
    examples_of,
    rows_of,
)
from root.emulator.resources.evaluators.declaration import DeclaredEvaluators
from root.emulator.resources.evaluators.execution import (
    Execution,
    check_inputs,
    log_values,
    score_inputs,
    to_inputs,
)
from root.emulator.resources.evaluators.transfer import export_yaml, parse_yaml
from root.emulator.rows import Row
from root.emulator.serializers import YAML_TYPE
from root.emulator.store import Store
from root.emulator.table_spec import SERVICE

__all__ = ["Evaluators"]


class Evaluators(DeclaredEvaluators):
    """The evaluators of organizations, and those of the service."""

    def execute(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run an evaluator."""
        return JSONResponse(self.run(call.store, call.account, row, values).to_json())

    def execute_by_name(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Run an evaluator by its name."""
        row = self.find_by_name(call.store, call.account, str(values["name"]))
        return self.execute(call, row, values)

    def set_status(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Set the status of an evaluator, without a version of it."""
        row = self.find_own(call)
        self.table(call.store).update(row, {"is_listed": values["status"] == "listed"})
        return JSONResponse({"status": values["status"]})

    def post_status(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Set the status of an evaluator."""
        return self.set_status(call, row, values)

    def duplicate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Copy an evaluator, with its objective and the rule of its scores."""
        table, account = self.table(call.store), call.account
        copied: dict[str, Value] = {name: getattr(row, name) for name in self.spec.fields}
        name, number = f"{row.name} (copy)", 1
        while table.find(account.organization, "name", name) is not None:
            number += 1
            name = f"{row.name} (copy {number})"
        if row.organization != account.organization:
            copied |= self._copy_objective(call, row)
        present = row.project_id if row.organization == account.organization else None
        copied |= {
            "name": name,
            "change_note": None,
            "updated_at": None,
            "updated_by": None,
            "project_id": self._projects.project_for(
                call.store, account, values.get("project_id"), present
            ),
        }
        copy = self.record_version(call.store, account, table.insert(account, copied))
        return JSONResponse(self.serialize(copy), 201)

    def export(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Return an evaluator as YAML."""
        return Response(export_yaml(row), media_type=YAML_TYPE)

    def import_yaml(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Create an evaluator from YAML, or replace the one with the same name."""
        document = parse_yaml(str(values["yaml"]))
        intent = cast("dict[str, Value]", document["objective"])["intent"]
        table, organization = self.table(call.store), call.account.organization
        row = table.find(organization, "name", document["name"])
        if row is not None and cast("dict[str, Value]", row.objective)["intent"] == intent:
            objective_id = row.objective_id
        else:
            objective = self._objectives.complete({"intent": intent})
            objective_id = self._objectives.insert(call.store, call.account, objective).id
        completed = self.complete(
            {
                "name": document["name"],
                "objective_id": objective_id,
                "scoring_criteria": document["scoring_criteria"],
                "models": document["models"],
                "behavior": document["behavior"],
                "evaluator_demonstrations": document["demonstrations"] or None,
                "calibration": document["calibration"] or None,
                "project_id": values.get("project_id"),
            }
        )
        overwrite = bool(values.get("overwrite"))
        saved = self._save_named(call, completed, overwrite=overwrite)
        return JSONResponse(self.serialize(saved), 201)

    def calibrate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run an evaluator on texts whose scores are known."""
        results: list[dict[str, object]] = []
        read = partial(self._datasets.read_rows, call.store, call.account.organization)
        for one in rows_of(values, read):
            body = {**one.inputs(), "project_id": values.get("project_id")}
            results.append(
                one.to_json(self._run(call.store, call.account, row, body, execution_type="test"))
            )
        return JSONResponse(results)

    def calibrate_draft(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Run an evaluator that is not saved on texts whose scores are known."""
        self._check_models(call.store, call.account, cast("list[str]", values.get("models", [])))
        self._check_data_sets(call.store, call.account, values)
        draft = SimpleNamespace(
            id=None,
            version_id=None,
            organization=call.account.organization,
            project_id=None,
            name=values.get("name") or "",
            scoring_criteria=values["prompt"],
            models=values.get("models", []),
            rule=None,
            evaluator_demonstrations=None,
            demonstration_dataset_id=None,
        )
        return self.calibrate(call, cast("Row", draft), values)

    def run(
        self,
        store: Store,
        account: Account,
        evaluator: Row,
        values: Mapping[str, Value],
        *,
        parent_id: str | None = None,
        execution_type: str = "evaluator",
    ) -> Execution:
        """Run an evaluator, and write the log.

        Args:
            store: The database.
            account: The account that runs it.
            evaluator: The evaluator.
            values: The validated body of the execution, of `EXECUTION_FIELDS`.
            parent_id: The ID of the log of the judge that runs it, or None.
            execution_type: The type of the log.

        Raises:
            Problem: The evaluator has no such version, or an input is missing.
        """
        version_id = cast("str | None", values.get("evaluator_version_id"))
        evaluator = self.find_version(store, evaluator, version_id)
        check_inputs(evaluator, to_inputs(values))
        return self._run(
            store,
            account,
            evaluator,
            values,
            parent_id=parent_id,
            execution_type=execution_type,
        )

    def _run(
        self,
        store: Store,
        account: Account,
        evaluator: Row,
        values: Mapping[str, Value],
        *,
        parent_id: str | None = None,
        execution_type: str,
    ) -> Execution:
        """Run a version of an evaluator, whose inputs may be incomplete, and write the log."""
        inputs = to_inputs(values)
        score = score_inputs(
            evaluator, inputs, self._fixed_scores, self._examples(store, evaluator)
        )
        is_own = evaluator.organization == account.organization
        project = self._projects.project_for(
            store, account, values.get("project_id"), evaluator.project_id if is_own else None
        )
        log = self._logs.write(
            store,
            account,
            {
                **log_values(evaluator, values, inputs, score),
                "project_id": project,
                "parent_execution_log_id": parent_id,
                "execution_type": execution_type,
            },
        )
        return Execution(evaluator, score, log)

    def _examples(self, store: Store, evaluator: Row) -> list[dict[str, object]]:
        """Return the demonstrations of the data set of an evaluator."""
        id_ = cast("str | None", evaluator.demonstration_dataset_id)
        if id_ is None:
            return []
        return examples_of(self._datasets.read_rows(store, evaluator.organization, id_) or [])

    def find_by_name(self, store: Store, account: Account, name: str) -> Row:
        """Return the evaluator with a name, or the evaluator of the service with an attribute.

        Raises:
            Problem: The organization can read no such evaluator.
        """
        table, organization = self.table(store), account.organization
        found = table.find_nearest(organization, "name", name)
        if found is None:
            found = table.find_nearest(organization, "rule", name)
        if found is None or (found.name != name and found.organization != SERVICE):
            raise detail_problem(404, "No Evaluator matches the given query.")
        return found

    def _copy_objective(self, call: Call, row: Row) -> dict[str, Value]:
        """Return the values of a copy of an evaluator's objective that belongs to the account."""
        objective = cast("dict[str, Value]", row.objective or {})
        values = self._objectives.complete({"intent": objective.get("intent", "")})
        copy = self._objectives.insert(call.store, call.account, values)
        return {
            "objective_id": copy.id,
            "objective_version_id": None,
            "objective": self._objectives.as_part(copy),
        }
