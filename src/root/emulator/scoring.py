"""The scores of evaluators, by cheap rules: no LLM is asked.

The same input has the same score on every machine. Scores that the user of the emulator has set
(`FixedScores`) come first, then those of the evaluator's demonstrations, then a rule for the name
of the evaluator, which docs/emulator.md describes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

__all__ = ["FixedScore", "FixedScores", "Inputs", "Score", "compute_score", "fixed_score"]

_NOTE = "No LLM was asked."

_RUDE = frozenset(
    (
        *("awful", "bastard", "crap", "damn", "dumb", "fool", "hate", "hell", "idiot", "idiotic"),
        *("kill", "loser", "moron", "pathetic", "shit", "stupid", "sucks", "trash", "ugly"),
        *("useless", "worthless"),
    )
)


@dataclass(frozen=True)
class Inputs:
    """What an evaluator evaluates.

    Attributes:
        request: The request, or None.
        response: The response, or None.
        contexts: The retrieved documents.
        expected_output: The expected response, or None.
        variables: The values of the evaluator's own variables.
        turns: The turns of a conversation, or None.
        tools: The tools that the conversation could use.
    """

    request: str | None = None
    response: str | None = None
    contexts: Sequence[str] = ()
    expected_output: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    turns: Sequence[Mapping[str, object]] | None = None
    tools: Sequence[object] = ()

    @property
    def asked(self) -> str:
        """The request, or what the user says in the turns."""
        return self.request or self._said("user")

    @property
    def answered(self) -> str:
        """The response, or what the assistant says in the turns."""
        return self.response or self._said("assistant")

    @property
    def known(self) -> list[str]:
        """The contexts, those of the turns included."""
        contexts = [*self.contexts]
        for turn in self.turns or ():
            contexts += cast("list[str]", turn.get("contexts") or [])
        return contexts

    @property
    def strings(self) -> dict[str, str]:
        """The inputs that are strings, by name."""
        named = {
            "request": self.request,
            "response": self.response,
            "expected_output": self.expected_output,
        }
        return {name: text for name, text in named.items() if text is not None} | dict(
            self.variables
        )

    def text(self) -> str:
        """Return all inputs as a text, equal for equal inputs."""
        return json.dumps(
            [self.strings, [*self.contexts], self.turns and [*self.turns], [*self.tools]],
            sort_keys=True,
        )

    def _said(self, role: str) -> str:
        turns = (turn for turn in self.turns or () if turn.get("role") == role)
        return "\n".join(str(turn.get("content") or "") for turn in turns)


@dataclass(frozen=True)
class Score:
    """The score of an execution.

    Attributes:
        value: The score, or None if there is none.
        justification: The reason.
    """

    value: float | None
    justification: str


@dataclass(frozen=True)
class FixedScore:
    """A score that the user of the emulator has set.

    Attributes:
        evaluator: The ID or the name of the evaluator.
        score: The score, or None.
        justification: The justification, or None for a standard sentence.
        pattern: A regular expression that must be found in the response (in the request if there
            is none), or None for all.
    """

    evaluator: str
    score: float | None
    justification: str | None = None
    pattern: str | None = None


class FixedScores:
    """The scores that the user of the emulator has set; the newest that matches is used."""

    def __init__(self) -> None:
        self._scores: list[FixedScore] = []

    def add(self, score: FixedScore) -> None:
        """Add a score.

        Raises:
            ValueError: The score is not from 0 to 1, or the pattern is invalid.
        """
        if not score.evaluator:
            raise ValueError("The name or the ID of the evaluator is empty.")
        if score.score is not None and not 0 <= score.score <= 1:
            raise ValueError(f"The score must be from 0 to 1, or None, not {score.score}.")
        if score.pattern is not None:
            try:
                re.compile(score.pattern)
            except re.error as exc:
                raise ValueError(f"The pattern is not a valid regular expression: {exc}.") from None
        self._scores.append(score)

    def all(self) -> tuple[FixedScore, ...]:
        """Return the scores in the order in which they were added."""
        return tuple(self._scores)

    def clear(self) -> None:
        """Remove all scores."""
        self._scores.clear()

    def find(self, names: Iterable[str], inputs: Inputs) -> FixedScore | None:
        """Return the score of an evaluator, which has these names and ID, for some inputs."""
        known = set(names)
        text = inputs.answered or inputs.asked
        for score in reversed(self._scores):
            if score.evaluator in known and (
                score.pattern is None or re.search(score.pattern, text)
            ):
                return score
        return None


def compute_score(
    name: str,
    rule: str | None,
    criteria: str,
    demonstrations: Iterable[Mapping[str, object]],
    inputs: Inputs,
) -> Score:
    """Return the score of an evaluator for some inputs.

    Args:
        name: The name of the evaluator.
        rule: The name of the preset whose rule applies, or None.
        criteria: The scoring criteria.
        demonstrations: The demonstrations.
        inputs: The inputs.
    """
    for shown in demonstrations:
        if shown.get("response") == inputs.response and shown.get("request") in (
            None,
            inputs.request,
        ):
            value = float(cast("float", shown["score"]))
            return _score(name, value, "this is the score of a demonstration with the same text")
    found = _RULES.get(rule or "")
    if found is None or found is _RELEVANT:
        if not inputs.answered.strip():
            return _score(name, 0.0, "the response is empty")
        if found is not None and not inputs.asked.strip():
            found = None
    if found is not None:
        function, reason = found
        return _score(name, function(inputs), reason)
    digest = hashlib.sha256(f"{name}\0{criteria}\0{inputs.text()}".encode()).digest()
    value = 0.5 + 0.45 * int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF
    return _score(name, value, "the score is derived from a hash of the evaluator and the inputs")


def fixed_score(name: str, fixed: FixedScore) -> Score:
    """Return the score that the user of the emulator has set for an evaluator."""
    if fixed.justification is not None:
        return Score(fixed.score, fixed.justification)
    return _score(name, fixed.score, "the score was set by the user of the emulator")


def _score(name: str, value: float | None, reason: str) -> Score:
    value = None if value is None else round(min(max(value, 0.0), 1.0), 2)
    text = "no score" if value is None else f"{value:.2f}"
    return Score(value, f"{name}: {text}, since {reason}. {_NOTE}")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _share(text: str, source: str) -> float:
    """Return the share of the different words of a text that a source has."""
    words, found = set(_words(text)), set(_words(source))
    return len(words & found) / len(words) if words else 0.0


def _conciseness(inputs: Inputs) -> float:
    number = len(_words(inputs.answered))
    return min(1.0, 40 / number) if number else 0.0


def _density(inputs: Inputs) -> float:
    words = _words(inputs.answered)
    return len(set(words)) / len(words) if words else 0.0


def _ease(inputs: Inputs) -> float:
    words = _words(inputs.answered)
    # Words of four letters are easy to read, and words of fourteen are not.
    return 1.4 - sum(map(len, words)) / len(words) / 10 if words else 0.0


def _politeness(inputs: Inputs) -> float:
    words = _words(inputs.answered)
    return 0.95 - 0.3 * sum(word in _RUDE for word in words) if words else 0.0


def _grounding(inputs: Inputs) -> float:
    return _share(inputs.answered or inputs.expected_output or "", " ".join(inputs.known))


def _relevance(inputs: Inputs) -> float:
    return _share(inputs.asked, inputs.answered)


def _correctness(inputs: Inputs) -> float:
    return _share(inputs.expected_output or "", inputs.answered)


def _recall(inputs: Inputs) -> float:
    return _share(inputs.expected_output or "", " ".join(inputs.known))


def _precision(inputs: Inputs) -> float:
    expected = set(_words(inputs.expected_output or ""))
    contexts = inputs.known
    useful = sum(bool(expected & set(_words(context))) for context in contexts)
    return useful / len(contexts) if contexts else 0.0


def _completeness(inputs: Inputs) -> float:
    return _share(inputs.asked, " ".join(inputs.known))


def _json(inputs: Inputs) -> float:
    try:
        json.loads(inputs.answered)
    except (ValueError, RecursionError):
        return 0.0
    return 1.0


def _json_values(inputs: Inputs) -> float:
    try:
        data: object = json.loads(inputs.answered)
    except (ValueError, RecursionError):
        return 0.0
    values = list(cast("dict[str, object]", data).values()) if isinstance(data, dict) else [data]
    filled = sum(value not in (None, "", [], {}) for value in values)
    return filled / len(values) if values else 0.0


def _tools(inputs: Inputs) -> float:
    offered = {_tool_name(tool) for tool in inputs.tools}
    called = [
        _tool_name(call)
        for turn in inputs.turns or ()
        for call in cast("list[object]", turn.get("tool_calls") or [])
    ]
    return sum(name in offered for name in called) / len(called) if called else 0.0


def _tool_name(tool: object) -> str | None:
    found = cast("dict[str, object]", tool).get("function") if isinstance(tool, dict) else None
    name = cast("dict[str, object]", found).get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


_Rule: TypeAlias = tuple[Callable[[Inputs], float], str]

_GROUNDED = (_grounding, "this is the share of the words of the response that the contexts have")
_POLITE = (_politeness, "the response has this score by the number of its rude words")
_RELEVANT = (_relevance, "this is the share of the words of the request that the response has")
_CORRECT = (
    _correctness,
    "this is the share of the words of the expected output that the response has",
)
_IS_JSON = (_json, "the response is JSON if this is 1, and is not if this is 0")

# By the name of presets as attributes of the SDK. Those without a rule have a score by hash.
_RULES: Mapping[str, _Rule] = {
    "Conciseness": (_conciseness, "40 words or fewer have 1, and longer responses less"),
    "Information_Density": (_density, "this is the share of different words in the response"),
    "Reading_Ease": (_ease, "longer words have lower scores"),
    "Politeness": _POLITE,
    "Non_toxicity": _POLITE,
    "Harmlessness": _POLITE,
    "Safety_for_Children": _POLITE,
    "Faithfulness": _GROUNDED,
    "Faithfulness_Swift": _GROUNDED,
    "Truthfulness": _GROUNDED,
    "Truthfulness_Swift": _GROUNDED,
    "Compliance_Preview": _GROUNDED,
    "Relevance": _RELEVANT,
    "Answer_Relevance": _RELEVANT,
    "Answer_Correctness": _CORRECT,
    "Answer_Semantic_Similarity": _CORRECT,
    "JSON_Content_Accuracy": _CORRECT,
    "Context_Recall": (
        _recall,
        "this is the share of the words of the expected output that the contexts have",
    ),
    "Context_Precision": (
        _precision,
        "this is the share of the contexts that have a word of the expected output",
    ),
    "Context_Completeness": (
        _completeness,
        "this is the share of the words of the request that the contexts have",
    ),
    "JSON_Empty_Values_Ratio": (
        _json_values,
        "this is the share of the values in the JSON object that are not empty",
    ),
    "JSON_Property_Name_Accuracy": _IS_JSON,
    "JSON_Property_Type_Accuracy": _IS_JSON,
    "JSON_Property_Completeness": _IS_JSON,
    "Tool_Selection": (_tools, "this is the share of the called tools that were offered"),
}
