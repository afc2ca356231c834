"""The settings of evaluators, by their old and new names."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidRequestError
from .evaluators import ReferenceVariable
from .executions import JSONObject, plain

__all__ = ["criteria_of", "models_of", "references_of"]


def criteria_of(predicate: str | None, scoring_criteria: str | None) -> str | None:
    """Return the text of an evaluator, which has two names.

    Raises:
        InvalidRequestError: They differ.
    """
    if predicate is not None and scoring_criteria not in (None, predicate):
        raise InvalidRequestError(
            "Nothing was sent. `predicate` and `scoring_criteria` are two names of one setting:"
            " pass one of them."
        )
    return scoring_criteria if predicate is None else predicate


def models_of(model: str | None, fallbacks: Sequence[str] | None) -> object:
    """Return the names of all models, or None if there are none.

    Raises:
        InvalidRequestError: `fallback_models` is not a list, but for instance a single string.
    """
    if not (fallbacks is None or isinstance(plain(fallbacks), list)):
        raise InvalidRequestError(
            "Nothing was sent. fallback_models must be a list of names, not"
            f" {type(fallbacks).__name__}."
        )
    # An empty list of fallbacks alone leaves the model as it is.
    if model is None and not fallbacks:
        return None
    return [*([] if model is None else [model]), *(fallbacks or ())]


def references_of(variables: Sequence[ReferenceVariable | JSONObject] | None) -> object:
    """Return variables of data sets as they are sent."""
    if variables is None:
        return None
    if not isinstance(plain(variables), list):
        # It is refused with the other settings.
        return variables
    return [
        {"name": one.name, "dataset": one.dataset_id}
        if isinstance(one, ReferenceVariable)
        else plain(one)
        for one in variables
    ]
