"""The endpoints of evaluators."""

from __future__ import annotations

from root.emulator.actions import Action
from root.emulator.fields import StringField
from root.emulator.resources.evaluators.calibration import (
    CALIBRATED,
    CALIBRATION_FIELDS,
    CALIBRATION_RESULT,
    DRAFT_FIELDS,
)
from root.emulator.resources.evaluators.execution import (
    EVALUATED,
    EXECUTION_FIELDS,
    EXECUTION_RESULT,
)
from root.emulator.resources.evaluators.fields import FIELDS
from root.emulator.resources.evaluators.transfer import IMPORT_FIELDS
from root.emulator.serializers import YAML_TYPE
from root.emulator.versions import versions_action
from root.emulator.visibility import (
    status_action,
)

__all__ = ["ACTIONS"]

ACTIONS: tuple[Action, ...] = (
    Action(
        "POST",
        "execute/{id}",
        handler="execute",
        summary="Run an evaluator",
        result="The score.",
        schema=EXECUTION_RESULT,
        fields=EXECUTION_FIELDS,
        alternatives=(EVALUATED,),
    ),
    Action(
        "POST",
        "execute/by-name",
        handler="execute_by_name",
        summary="Run an evaluator by its name",
        result="The score.",
        schema=EXECUTION_RESULT,
        fields=EXECUTION_FIELDS,
        alternatives=(EVALUATED,),
        parameters={"name": StringField(required=True, description="The name.")},
        may_be_missing=True,
    ),
    versions_action("evaluator", "Evaluator"),
    status_action("PUT", "evaluator"),
    status_action("POST", "evaluator"),
    Action(
        "POST",
        "duplicate/{id}",
        handler="duplicate",
        summary="Copy an evaluator",
        result="The copy, which belongs to the organization of the key.",
        schema={"$ref": "#/components/schemas/Evaluator"},
        status=201,
        fields={"project_id": FIELDS["project_id"]},
    ),
    Action(
        "GET",
        "export/{id}",
        handler="export",
        summary="Export an evaluator as YAML",
        result="The YAML document.",
        schema={"type": "string"},
        media_type=YAML_TYPE,
    ),
    Action(
        "POST",
        "import-yaml",
        handler="import_yaml",
        summary="Import an evaluator from YAML",
        result="The evaluator.",
        schema={"$ref": "#/components/schemas/Evaluator"},
        status=201,
        fields=IMPORT_FIELDS,
    ),
    Action(
        "POST",
        "calibrate",
        handler="calibrate_draft",
        summary="Calibrate an evaluator that is not saved (deprecated)",
        result="The scores of each row.",
        schema=CALIBRATION_RESULT,
        fields=DRAFT_FIELDS,
        alternatives=(CALIBRATED,),
    ),
    Action(
        "POST",
        "calibrate/{id}",
        handler="calibrate",
        summary="Calibrate an evaluator (deprecated)",
        result="The scores of each row.",
        schema=CALIBRATION_RESULT,
        fields=CALIBRATION_FIELDS,
        alternatives=(CALIBRATED,),
        has_slash=False,
    ),
)
"""The endpoints besides those that create, read, change and delete objects."""
