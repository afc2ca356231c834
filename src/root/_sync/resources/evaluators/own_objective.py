# Generated from src/root/_async/resources/evaluators/own_objective.py by scripts/generate_sync.py. Do not edit.
"""The objective that is made for a new evaluator."""

from __future__ import annotations

from types import NoneType
from uuid import UUID

from ...._http.operation import Operation
from ...._schemas.executions import plain
from ...._schemas.objectives import NewObjective, ObjectiveRequest
from ...._schemas.requests import json_body
from ....errors import NotFoundError, RootSignalsError
from ...resource import segment
from ...sender import Sender

__all__ = ["new_objective", "remove_objective"]


def new_objective(client: Sender, intent: str, project_id: str | UUID | None) -> str:
    """Create an objective and return its ID."""
    body = json_body(ObjectiveRequest, None, intent=intent, project_id=plain(project_id))
    operation = Operation("POST", "/v1/objectives/", NewObjective, body=body)
    return (client.send(operation)).value.id


def remove_objective(client: Sender, objective_id: str, error: RootSignalsError) -> None:
    """Delete an objective whose evaluator was not created, or name it in the error."""
    if not error.may_have_been_processed:
        path = f"/v1/objectives/{segment(objective_id, 'objective')}/"
        try:
            client.send(Operation("DELETE", path, NoneType))
        except NotFoundError:
            return
        except RootSignalsError:
            pass
        else:
            return
    error.args = (f"{error} The objective {objective_id}, made for it, remains.",)
