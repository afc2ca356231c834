"""The command that runs an evaluator or a judge."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BELOW_MINIMUM, CommandError
from .resources import option, options

if TYPE_CHECKING:
    from ..evaluators import EvaluatorExecutionResult
    from ..judges import EvaluatorResult
    from .session import Session

# The service accepts less.
_MAX_TEXT = 16_000_000

__all__ = ["RUN", "check_scores", "read_file", "read_text", "run_arguments"]

RUN: tuple[inspect.Parameter, ...] = (
    option("response", "The response to evaluate; - reads it from stdin."),
    option("request", "What the response responds to."),
    options("contexts", "A text that the response is based on; may be repeated.", flag="--context"),
    option("expected_output", "The response that was expected."),
    options("tags", "A label of the log; may be repeated.", flag="--tag"),
    option("user_id", "The user whose request it was, for the log.", metavar="ID"),
    option("session_id", "The session that it belongs to, for the log.", metavar="ID"),
    option("project_id", "The project of the log.", metavar="ID"),
    option("min_score", "Exit with 10 if a score is lower.", metavar="SCORE", kind=float),
)
"""The options of `run`."""


def run_arguments(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an execution for the options that were given."""
    minimum = values.get("min_score")
    if minimum is not None and not 0 <= minimum <= 1:
        raise CommandError("--min-score must be between 0 and 1.")
    arguments = {
        name: value
        for name, value in values.items()
        if name not in ("identity", "min_score") and value not in (None, [])
    }
    if "response" in arguments:
        arguments["response"] = read_text(session, arguments["response"])
    if "variables" in arguments:
        arguments["variables"] = _pairs(arguments["variables"])
    return arguments


def check_scores(
    results: Iterable[EvaluatorExecutionResult | EvaluatorResult], values: Mapping[str, Any]
) -> None:
    """Compare scores with --min-score.

    Raises:
        CommandError: A score is lower, or missing.
    """
    minimum: float | None = values["min_score"]
    if minimum is None:
        return
    problems = [
        f"{result.evaluator_name or 'The evaluator'} gave "
        + ("no score" if result.score is None else f"the score {result.score:.4g}")
        for result in results
        if result.score is None or result.score < minimum
    ]
    if problems:
        raise CommandError(
            f"{'; '.join(problems)}; --min-score is {minimum:g}.", code=BELOW_MINIMUM
        )


def read_text(session: Session, text: str) -> str:
    """Return a text, or stdin if it is `-`."""
    if text != "-":
        return text
    if sys.stdin.isatty():
        session.info("Reading stdin; end it with Ctrl-D.")
    content = sys.stdin.read(_MAX_TEXT + 1)
    if len(content) > _MAX_TEXT:
        raise CommandError("stdin has more than 16 million characters, which the service refuses.")
    return content


def read_file(session: Session, path: str) -> str:
    """Return the text of a file, or stdin if its path is `-`, without a byte order mark.

    Raises:
        CommandError: It cannot be read.
    """
    if path == "-":
        return read_text(session, path).removeprefix("\ufeff")
    try:
        # Some editors write a byte order mark.
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not a text file in UTF-8.") from None


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise CommandError("--variable must have the form NAME=VALUE.")
        pairs[name] = value
    return pairs
