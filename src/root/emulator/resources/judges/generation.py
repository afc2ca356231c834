"""Generation of judges: evaluators by the words of an intent, without an LLM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from root.emulator.fields import BooleanField, ChoiceField, Fields, StringField, UUIDField, Value
from root.emulator.json_fields import MapField, ObjectField
from root.emulator.number_fields import IntegerField
from root.emulator.outputs import Schema
from root.emulator.resources.evaluators.presets import PRESETS

__all__ = [
    "GENERATION_FIELDS",
    "GENERATION_RESULT",
    "SYNTHETIC_DATA",
    "Draft",
    "criteria",
    "draft",
    "name_from",
    "synthetic_data",
]

MULTIPLE_STAGES = "[multiple stages]"
MISSING_CONTEXT = "[missing context]"

# A strict generation refuses intents with fewer words.
_MIN_WORDS = 20

_STAGES = ["First response", "Follow-up"]

_MISSING = {
    "form_field_name": "Tone of voice",
    "form_field_description": "The tone of voice that responses should have.",
}

GENERATION_FIELDS: Fields = {
    "intent": StringField(
        required=True,
        min_length=10,
        max_length=20_000,
        description="What the judge should evaluate."
        f" With `{MULTIPLE_STAGES}` in it and no stage, the error code is `multiple_stages`; with"
        f" `{MISSING_CONTEXT}`, the response has a missing context.",
    ),
    "visibility": ChoiceField(
        choices=("private", "public", "unlisted", "listed", "global"),
        required=True,
        description="Who can read it; `global`, `listed` and `unlisted` are of older clients.",
    ),
    "stage": StringField(nullable=True, allow_blank=True, max_length=255),
    "extra_contexts": MapField(
        child=StringField(nullable=True, allow_blank=True),
        nullable=True,
        description="Facts by their name.",
    ),
    "file_id": UUIDField(
        nullable=True, description="A file, which allows evaluators with contexts."
    ),
    "strict": BooleanField(
        nullable=True,
        default=True,
        description=f"Whether an intent of fewer than {_MIN_WORDS} words has the error code"
        " `insufficient_intent`; by default true.",
    ),
    "generating_model_params": ObjectField(
        nullable=True,
        fields={
            "seed": IntegerField(minimum=-2_147_483_648, nullable=True),
            "reasoning_effort": ChoiceField(
                choices=("off", "low", "medium", "high"), default="off"
            ),
        },
        description="Ignored.",
    ),
    "judge_id": UUIDField(nullable=True, description="The judge to generate again."),
    "overwrite": BooleanField(
        nullable=True,
        default=True,
        description="Whether to replace a judge of the same name; by default true.",
    ),
    "name": StringField(
        nullable=True,
        allow_blank=True,
        max_length=512,
        description="The name; by default the first words of the intent.",
    ),
    "enable_context_aware_evaluators": BooleanField(
        nullable=True, description="Whether evaluators that need contexts are allowed."
    ),
    "project_id": UUIDField(nullable=True),
}
"""The fields of the body that generates a judge."""

GENERATION_RESULT: Schema = {
    "type": "object",
    "required": ["judge_id", "judge_version_id", "error_code"],
    "properties": {
        "judge_id": {"type": "string", "format": "uuid"},
        "judge_version_id": {"type": "string", "format": "uuid"},
        "error_code": {"enum": ["multiple_stages", "insufficient_intent", None]},
        "claim_token": {"type": ["string", "null"], "format": "uuid"},
        "missing_context_from_system_goal": {
            "type": ["array", "null"],
            "items": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "stages": {"type": ["array", "null"], "items": {"type": "string"}},
    },
}

# Evaluators of the service by the beginnings of words in the intent that choose them.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "Politeness": ("polite", "friend", "courte", "rude", "customer", "support", "tone"),
    "Conciseness": ("concise", "short", "brief"),
    "Clarity": ("clear", "clarity", "understand", "explain"),
    "Helpfulness": ("help", "useful", "assist", "support"),
    "Relevance": ("relevan", "question", "answer", "chat", "topic"),
    "Non_toxicity": ("toxic", "insult", "abus"),
    "Harmlessness": ("harm", "safe", "danger"),
    "Safety_for_Children": ("child", "kid", "school"),
    "Confidentiality": ("confidential", "secret", "private", "personal"),
    "Formality": ("formal", "business", "legal"),
    "Persuasiveness": ("persua", "sell", "sale", "marketing"),
    "Summarization_Quality": ("summar",),
    "Translation_Quality": ("translat",),
    "Completeness": ("complete", "thorough", "all"),
    "Coherence": ("coheren", "structur", "logic"),
}

# Those that need contexts.
_WITH_CONTEXTS: Mapping[str, tuple[str, ...]] = {
    "Faithfulness": ("document", "context", "retriev", "rag", "knowledge", "source"),
    "Truthfulness": ("truth", "fact", "correct", "accura", "halluc"),
    "Compliance_Preview": ("polic", "complian", "regulat", "rule"),
}

_DEFAULTS = ("Relevance", "Helpfulness", "Clarity")
_MIN_CHOSEN, _MAX_CHOSEN = 3, 5

_IDS = {preset.attribute: preset.id for preset in PRESETS}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generated judge consists of.

    Attributes:
        evaluator_ids: The evaluators of the service.
        error_code: Why there are none, or None.
        stages: The stages to choose from, or None.
        missing_context: The facts that would make it better, or None.
    """

    evaluator_ids: list[str]
    error_code: str | None
    stages: list[str] | None
    missing_context: list[dict[str, str]] | None


def draft(values: Mapping[str, Value]) -> Draft:
    """Return what the judge for an intent consists of; the same intent has the same judge.

    Args:
        values: The validated body, of `GENERATION_FIELDS`.
    """
    intent = str(values["intent"])
    if MULTIPLE_STAGES in intent and not values.get("stage"):
        return Draft([], "multiple_stages", _STAGES, None)
    if values.get("strict", True) and len(intent.split()) < _MIN_WORDS:
        return Draft([], "insufficient_intent", None, None)
    known = cast("dict[str, Value]", values.get("extra_contexts") or {})
    is_missing = MISSING_CONTEXT in intent and not known.get(_MISSING["form_field_name"])
    has_contexts = bool(values.get("enable_context_aware_evaluators") or values.get("file_id"))
    choices = {**(_WITH_CONTEXTS if has_contexts else {}), **_CHOICES}
    words = re.findall(r"\w+", intent.casefold())
    chosen = [
        attribute
        for attribute, beginnings in choices.items()
        if any(word.startswith(beginnings) for word in words)
    ]
    chosen = chosen[:_MAX_CHOSEN]
    for attribute in _DEFAULTS:
        if len(chosen) < _MIN_CHOSEN and attribute not in chosen:
            chosen.append(attribute)
    return Draft(
        [_IDS[attribute] for attribute in chosen], None, None, [_MISSING] if is_missing else None
    )


def name_from(intent: str) -> str:
    """Return the name of a judge from the first words of its intent."""
    words = " ".join(re.findall(r"[\w'-]+", intent)[:6])[:100]
    return words if len(words) > 2 else "Judge"


def criteria(intent: str) -> str:
    """Return the scoring criteria of an evaluator for an intent."""
    # The intent has no variables.
    text = re.sub(r"\{(?=\{)", "{ ", intent)
    return f"{text}\n\nRequest: {{{{request}}}}\nResponse: {{{{response}}}}"


SYNTHETIC_DATA: Schema = {
    "type": "object",
    "required": ["status", "name", "description", "samples"],
    "properties": {
        "status": {"enum": ["pending", "ready", "not_generated"]},
        "name": {"type": ["string", "null"]},
        "description": {"type": ["string", "null"]},
        "samples": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["quality", "request", "response"],
                "properties": {
                    "quality": {"enum": ["high", "low"]},
                    "request": {"type": "string"},
                    "response": {"type": "string"},
                },
            },
        },
    },
}


def synthetic_data(name: str, intent: str, status: str) -> dict[str, object]:
    """Return the samples of a judge, if its status is `ready`."""
    if status != "ready":
        return {"status": status, "name": None, "description": None, "samples": []}
    request = "Can you help me?"
    responses = {"high": "Yes, with pleasure. What do you need?", "low": "No."}
    return {
        "status": status,
        "name": name,
        "description": intent,
        "samples": [
            {"quality": quality, "request": request, "response": response}
            for quality, response in responses.items()
        ],
    }
