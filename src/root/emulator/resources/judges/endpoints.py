"""The endpoints of judges."""

from __future__ import annotations

from root.emulator.actions import Action
from root.emulator.fields import StringField, UUIDField
from root.emulator.file_fields import EmailField, URLField
from root.emulator.json_fields import ListField
from root.emulator.outputs import Schema
from root.emulator.resources.evaluators.execution import EVALUATED
from root.emulator.resources.judges.batch_items import BATCH_FIELDS, BATCH_RESULT
from root.emulator.resources.judges.completions import (
    CHAT_FIELDS,
    COMPLETION_PARAMETERS,
    RESPONSES_FIELDS,
)
from root.emulator.resources.judges.execution import (
    JUDGE_EXECUTION_FIELDS,
    JUDGE_EXECUTION_RESULT,
)
from root.emulator.resources.judges.generation import (
    GENERATION_FIELDS,
    GENERATION_RESULT,
    SYNTHETIC_DATA,
)
from root.emulator.resources.judges.refinement import (
    REFINEMENT_FIELDS,
    REFINEMENT_RESULT,
)

__all__ = ["ACTIONS"]

_JUDGE: Schema = {"$ref": "#/components/schemas/Judge"}

ACTIONS: tuple[Action, ...] = (
    Action(
        "POST",
        "{id}/execute",
        handler="execute",
        summary="Run a judge",
        result="The results of its evaluators, in the order of the references.",
        schema=JUDGE_EXECUTION_RESULT,
        fields=JUDGE_EXECUTION_FIELDS,
        alternatives=(EVALUATED,),
    ),
    Action(
        "POST",
        "execute/by-name",
        handler="execute_by_name",
        summary="Run a judge by its name",
        result="The results of its evaluators, in the order of the references.",
        schema=JUDGE_EXECUTION_RESULT,
        fields=JUDGE_EXECUTION_FIELDS,
        alternatives=(EVALUATED,),
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
        alternatives=(EVALUATED,),
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
"""The endpoints besides those that create, read, change and delete objects."""
