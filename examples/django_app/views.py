"""The views: both evaluate an answer, one in a thread, one in the event loop."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from root.evaluators import EvaluatorExecutionResult

from .client import root_signals


class Answer(forms.Form):
    """An answer to a question."""

    question = forms.CharField()
    text = forms.CharField()


@require_POST
def relevance(request: HttpRequest) -> JsonResponse:
    """Evaluate an answer in a thread of the server."""
    answer = Answer(request.POST)
    if not answer.is_valid():
        return JsonResponse(answer.errors, status=400)
    result = root_signals().evaluators.Relevance(
        request=answer.cleaned_data["question"], response=answer.cleaned_data["text"]
    )
    return as_json(result)


@require_POST
async def async_relevance(request: HttpRequest) -> JsonResponse:
    """Evaluate an answer in the event loop, with the async twin of the same client."""
    answer = Answer(request.POST)
    if not answer.is_valid():
        return JsonResponse(answer.errors, status=400)
    result = await root_signals().evaluators.Relevance.arun(
        request=answer.cleaned_data["question"], response=answer.cleaned_data["text"]
    )
    return as_json(result)


def as_json(result: EvaluatorExecutionResult) -> JsonResponse:
    """Return the response with a result."""
    return JsonResponse({"score": result.require_score(), "justification": result.justification})
