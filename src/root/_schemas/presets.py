"""The evaluators of the service as attributes: `client.evaluators.Relevance`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterator
from enum import StrEnum
from functools import cache
from inspect import cleandoc, getsource, iscoroutinefunction, signature
from itertools import pairwise
from typing import Generic, Literal, Protocol, Self, TypeAlias, TypeVar, cast, overload

__all__ = ["Eval", "EvaluatorName", "Preset", "PresetDoc", "Presets", "presets"]

P = TypeVar("P", covariant=True)


class _Resource(Protocol[P]):
    def _preset(self, preset: Preset, /) -> P: ...


class Eval(StrEnum):
    """The IDs of the evaluators of the service."""

    Faithfulness = "901794f9-634c-4852-9e41-7c558f1ff1ab"
    Relevance = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"
    Clarity = "9976d9f3-7265-4732-b518-d61c2642b14e"
    Non_toxicity = "e296e374-7539-4eb2-a74a-47847dd26fb8"
    Helpfulness = "88bc92d5-bebf-45e4-9cd1-dfa33309c320"
    Politeness = "2856903a-e48c-4548-b3fe-520fd88c4f25"
    Formality = "8ab6cf1a-42b5-4a23-a15c-21372816483d"
    Harmlessness = "379fee0a-4fd1-4942-833b-7d78d78b334d"
    Confidentiality = "2eaa0a02-47a9-48f7-9b47-66ad257f93eb"
    Persuasiveness = "85bb6a74-f5dd-4130-8dcc-cffdf72327cc"
    JSON_Empty_Values_Ratio = "03829088-1799-438e-ae30-1db60832e52d"
    JSON_Property_Name_Accuracy = "740923aa-8ffd-49cc-a95d-14f831243b25"
    JSON_Property_Type_Accuracy = "eabc6924-1fec-4e96-82ce-c03bf415c885"
    JSON_Property_Completeness = "e5de37f7-d20c-420f-8072-f41dce96ecfc"
    JSON_Content_Accuracy = "b6a9aeff-c888-46d7-9e9c-7cf8cb461762"
    Context_Recall = "8bb60975-5062-4367-9fc6-a920044cba56"
    Answer_Correctness = "d4487568-4243-4da8-9c76-adbaf762dbe0"
    Answer_Semantic_Similarity = "ff350bce-4b07-4af7-9640-803c9d3c2ff9"
    Sentiment_recognition = "e3782c1e-eaf4-4b2d-8d26-53db2160f1fd"
    Safety_for_Children = "39a8b5ba-de77-4726-a6b0-621d40b3cdf5"
    Precision = "767bdd49-5f8c-48ca-8324-dfd6be7f8a79"
    Originality = "e72cb54f-548a-44f9-a6ca-4e14e5ade7f7"
    Engagingness = "64729487-d4a8-42d8-bd9e-72fd8390c134"
    Conciseness = "be828d33-158a-4e92-a2eb-f4d96c13f956"
    Coherence = "e599886c-c338-458f-91b3-5d7eba452618"
    Quality_of_Writing_Professional = "059affa9-2d1c-48de-8e97-f81dd3fc3cbe"
    Quality_of_Writing_Creative = "060abfb6-57c9-43b5-9a6d-8a1a9bb853b8"
    Truthfulness = "053df10f-b0c7-400b-892e-46ce3aa1e430"
    Context_Precision = "9d1e9a25-7e76-4771-b1e3-40825d7918c5"
    Answer_Relevance = "0907d422-e94f-4c9c-a63d-ec0eefd8a903"
    Compliance_Preview = "4613f248-b60e-403a-bcdc-157d1c44194a"
    Faithfulness_Swift = "a3a5e97b-7fcb-441e-92f2-6e59aa473b89"
    Truthfulness_Swift = "c8c65e61-2dc8-4f29-865a-a5e59127d208"
    Completeness = "f0832c32-6beb-4383-a1ea-cdeb883d9044"
    Reading_Ease = "119d9587-9b33-4d43-a6b6-ba116dfee31b"
    Answer_Willingness = "c81034ae-9439-4c93-bab3-d159eaf072bf"
    Information_Density = "789a3dd8-7794-4f01-b229-3a99088c82fc"
    Planning_Efficiency = "ed3e16c2-2d4e-4ec2-b4af-b4b54a24009d"
    Faithfulness_to_Citations = "2569dddd-9b2c-4811-b35a-06fcfdc62d7a"
    Translation_Quality = "44e6722e-43e0-4791-a84f-0e1480adccd6"
    Context_Completeness = "7c8f9e3a-1b2d-4c5e-9f8a-6d7c4b3e2a1f"
    Summarization_Quality = "e7548186-af7c-49ef-be24-eda7c47adb6d"
    Tool_Selection = "dd120733-d107-4e77-a78b-5f04ade1a969"
    Knowledge_Retention = "193d0c31-6953-4f4d-840a-d42bdb23e5a7"


EvaluatorName: TypeAlias = Literal[
    "Faithfulness",
    "Relevance",
    "Clarity",
    "Non_toxicity",
    "Helpfulness",
    "Politeness",
    "Formality",
    "Harmlessness",
    "Confidentiality",
    "Persuasiveness",
    "JSON_Empty_Values_Ratio",
    "JSON_Property_Name_Accuracy",
    "JSON_Property_Type_Accuracy",
    "JSON_Property_Completeness",
    "JSON_Content_Accuracy",
    "Context_Recall",
    "Answer_Correctness",
    "Answer_Semantic_Similarity",
    "Sentiment_recognition",
    "Safety_for_Children",
    "Precision",
    "Originality",
    "Engagingness",
    "Conciseness",
    "Coherence",
    "Quality_of_Writing_Professional",
    "Quality_of_Writing_Creative",
    "Truthfulness",
    "Context_Precision",
    "Answer_Relevance",
    "Compliance_Preview",
    "Faithfulness_Swift",
    "Truthfulness_Swift",
    "Completeness",
    "Reading_Ease",
    "Answer_Willingness",
    "Information_Density",
    "Planning_Efficiency",
    "Faithfulness_to_Citations",
    "Translation_Quality",
    "Context_Completeness",
    "Summarization_Quality",
    "Tool_Selection",
    "Knowledge_Retention",
]
"""The names of the evaluators of the service, as attributes."""


class Preset:
    """An evaluator of the service. Accessed on the resource, it can be called.

    Attributes:
        id: The service's ID of the evaluator, a UUID.
        name: Its name in the service.
        attribute: The name of the attribute.
    """

    def __init__(self, evaluator_id: str, name: str) -> None:
        self.id: str = evaluator_id
        self.name: str = name
        self.attribute: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.attribute = name

    @overload
    def __get__(self, resource: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self, resource: _Resource[P], owner: type[object]) -> P: ...
    def __get__(self, resource: _Resource[P] | None, owner: type[object]) -> Self | P:
        if resource is not None:
            return resource._preset(self)  # pyright: ignore[reportPrivateUsage]
        kind: Hashable = getattr(owner, "_preset_type", None)
        return self if kind is None else cast("Self", _specification(self, kind))

    def __repr__(self) -> str:
        return f"<Preset {self.attribute}: {self.id}>"


@cache
def _specification(preset: Preset, kind: Hashable) -> Callable[..., object]:
    """Return what a class has in place of the evaluator: a function, which always fails.

    A mock that is made from the class of a client has its signature, is awaited if it is async, and
    has its methods.
    """
    whole = _refusing(preset, getattr(kind, "__call__"))  # noqa: B004, B009
    methods = {
        name: _refusing(preset, method)
        for name in ("run", "arun")
        if (method := getattr(kind, name, None)) is not None
    }
    vars(whole).update(vars(preset), **methods)
    return whole


def _refusing(preset: Preset, method: Callable[..., object]) -> Callable[..., object]:
    """Return a function with the signature of a method, which fails, since it has no client."""
    message = f"Call client.evaluators.{preset.attribute}(...), of a client."

    def refuse(*_args: object, **_kwargs: object) -> object:
        raise TypeError(message)

    async def refuse_async(*_args: object, **_kwargs: object) -> object:
        raise TypeError(message)

    function = refuse_async if iscoroutinefunction(method) else refuse
    own = signature(method)
    without_self = list(own.parameters.values())[1:]
    function.__doc__ = method.__doc__
    vars(function)["__signature__"] = own.replace(parameters=without_self)
    return function


class Presets(Generic[P]):
    """The evaluators of the service.

    What is usually given to each is in its description; `inputs` of the evaluator lists what the
    service requires. `request` may be given to any of them.
    """

    def _preset(self, preset: Preset, /) -> P:
        raise NotImplementedError

    Faithfulness: Preset = Preset(Eval.Faithfulness.value, "Faithfulness")
    """Whether the response is supported by the contexts.

    Usually given: `request`, `response`, `contexts`.
    """
    Relevance: Preset = Preset(Eval.Relevance.value, "Relevance")
    """Whether the response is relevant to the request. Usually given: `request`, `response`."""
    Clarity: Preset = Preset(Eval.Clarity.value, "Clarity")
    """Whether the response is clear and easy to understand. Usually given: `response`."""
    Non_toxicity: Preset = Preset(Eval.Non_toxicity.value, "Non-toxicity")
    """Whether the response is free of toxic language. Usually given: `response`."""
    Helpfulness: Preset = Preset(Eval.Helpfulness.value, "Helpfulness")
    """Whether the response helps with the request. Usually given: `request`, `response`."""
    Politeness: Preset = Preset(Eval.Politeness.value, "Politeness")
    """Whether the response is polite. Usually given: `response`."""
    Formality: Preset = Preset(Eval.Formality.value, "Formality")
    """Whether the response is formal. Usually given: `response`."""
    Harmlessness: Preset = Preset(Eval.Harmlessness.value, "Harmlessness")
    """Whether the response does no harm. Usually given: `response`."""
    Confidentiality: Preset = Preset(Eval.Confidentiality.value, "Confidentiality")
    """Whether the response keeps confidential information to itself.

    Usually given: `response`.
    """
    Persuasiveness: Preset = Preset(Eval.Persuasiveness.value, "Persuasiveness")
    """Whether the response is persuasive. Usually given: `response`."""
    JSON_Empty_Values_Ratio: Preset = Preset(
        Eval.JSON_Empty_Values_Ratio.value, "JSON Empty Values Ratio"
    )
    """How many values of a JSON response are not empty.

    Usually given: `response`, `functions`.
    """
    JSON_Property_Name_Accuracy: Preset = Preset(
        Eval.JSON_Property_Name_Accuracy.value, "JSON Property Name Accuracy"
    )
    """Whether the properties of a JSON response have the expected names.

    Usually given: `response`, `functions`.
    """
    JSON_Property_Type_Accuracy: Preset = Preset(
        Eval.JSON_Property_Type_Accuracy.value, "JSON Property Type Accuracy"
    )
    """Whether the properties of a JSON response have the expected types.

    Usually given: `response`, `functions`.
    """
    JSON_Property_Completeness: Preset = Preset(
        Eval.JSON_Property_Completeness.value, "JSON Property Completeness"
    )
    """Whether a JSON response has all expected properties.

    Usually given: `response`, `functions`.
    """
    JSON_Content_Accuracy: Preset = Preset(
        Eval.JSON_Content_Accuracy.value, "JSON Content Accuracy"
    )
    """Whether a JSON response has the expected content.

    Usually given: `response`, `expected_output`.
    """
    Context_Recall: Preset = Preset(Eval.Context_Recall.value, "Context Recall")
    """Whether the contexts contain what the expected output needs.

    Usually given: `request`, `contexts`, `expected_output`.
    """
    Answer_Correctness: Preset = Preset(Eval.Answer_Correctness.value, "Answer Correctness")
    """Whether the response agrees with the expected output.

    Usually given: `request`, `response`, `contexts`, `expected_output`.
    """
    Answer_Semantic_Similarity: Preset = Preset(
        Eval.Answer_Semantic_Similarity.value, "Answer Semantic Similarity"
    )
    """Whether the response means the same as the expected output.

    Usually given: `response`, `expected_output`.
    """
    Sentiment_recognition: Preset = Preset(
        Eval.Sentiment_recognition.value, "Sentiment recognition"
    )
    """Which sentiment the response has. Usually given: `response`."""
    Safety_for_Children: Preset = Preset(Eval.Safety_for_Children.value, "Safety for Children")
    """Whether the response is safe for children. Usually given: `response`."""
    Precision: Preset = Preset(Eval.Precision.value, "Precision")
    """Whether the response is precise. Usually given: `request`, `response`."""
    Originality: Preset = Preset(Eval.Originality.value, "Originality")
    """Whether the response is original. Usually given: `response`."""
    Engagingness: Preset = Preset(Eval.Engagingness.value, "Engagingness")
    """Whether the response is engaging. Usually given: `response`."""
    Conciseness: Preset = Preset(Eval.Conciseness.value, "Conciseness")
    """Whether the response is concise. Usually given: `response`."""
    Coherence: Preset = Preset(Eval.Coherence.value, "Coherence")
    """Whether the response is coherent. Usually given: `response`."""
    Quality_of_Writing_Professional: Preset = Preset(
        Eval.Quality_of_Writing_Professional.value, "Quality of Writing - Professional"
    )
    """Whether the response is written well, as professional writing.

    Usually given: `response`.
    """
    Quality_of_Writing_Creative: Preset = Preset(
        Eval.Quality_of_Writing_Creative.value, "Quality of Writing - Creative"
    )
    """Whether the response is written well, as creative writing. Usually given: `response`."""
    Truthfulness: Preset = Preset(Eval.Truthfulness.value, "Truthfulness")
    """Whether the response is true according to the contexts.

    Usually given: `request`, `response`, `contexts`.
    """
    Context_Precision: Preset = Preset(Eval.Context_Precision.value, "Context Precision")
    """Whether the contexts are relevant to the request.

    Usually given: `request`, `contexts`, `expected_output`.
    """
    Answer_Relevance: Preset = Preset(Eval.Answer_Relevance.value, "Answer Relevance")
    """Whether the response is relevant to the request. Usually given: `request`, `response`."""
    Compliance_Preview: Preset = Preset(Eval.Compliance_Preview.value, "Compliance-preview")
    """Whether the response complies with the policies in the contexts.

    Usually given: `request`, `response`, `contexts`.
    """
    Faithfulness_Swift: Preset = Preset(Eval.Faithfulness_Swift.value, "Faithfulness-swift")
    """Faithfulness, faster. Usually given: `request`, `response`, `contexts`."""
    Truthfulness_Swift: Preset = Preset(Eval.Truthfulness_Swift.value, "Truthfulness-swift")
    """Truthfulness, faster. Usually given: `request`, `response`, `contexts`."""
    Completeness: Preset = Preset(Eval.Completeness.value, "Completeness")
    """Whether the response is complete. Usually given: `request`, `response`."""
    Reading_Ease: Preset = Preset(Eval.Reading_Ease.value, "Reading Ease")
    """Whether the response is easy to read. Usually given: `response`."""
    Answer_Willingness: Preset = Preset(Eval.Answer_Willingness.value, "Answer Willingness")
    """Whether the response is willing to answer. Usually given: `request`, `response`."""
    Information_Density: Preset = Preset(Eval.Information_Density.value, "Information Density")
    """How much information the response has for its length. Usually given: `response`."""
    Planning_Efficiency: Preset = Preset(Eval.Planning_Efficiency.value, "Planning Efficiency")
    """Whether the assistant plans efficiently. Usually given: `turns`."""
    Faithfulness_to_Citations: Preset = Preset(
        Eval.Faithfulness_to_Citations.value, "Faithfulness to Citations"
    )
    """Whether the response is supported by the URLs that it cites; the service fetches them.

    Usually given: `request`, `response`.
    """
    Translation_Quality: Preset = Preset(Eval.Translation_Quality.value, "Translation Quality")
    """Whether the response is a good translation of the request.

    Usually given: `request`, `response`.
    """
    Context_Completeness: Preset = Preset(Eval.Context_Completeness.value, "Context Completeness")
    """Whether the contexts are complete for the request. Usually given: `request`, `contexts`."""
    Summarization_Quality: Preset = Preset(
        Eval.Summarization_Quality.value, "Summarization Quality"
    )
    """Whether the response is a good summary of the request.

    Usually given: `request`, `response`.
    """
    Tool_Selection: Preset = Preset(Eval.Tool_Selection.value, "Tool Selection")
    """Whether the assistant calls the right tools. Usually given: `turns`, `tools`."""
    Knowledge_Retention: Preset = Preset(Eval.Knowledge_Retention.value, "Knowledge Retention")
    """Whether the assistant remembers what was said. Usually given: `turns`."""


@cache
def _docstrings() -> dict[str, str]:
    # Python does not keep the docstrings of attributes.
    try:
        (tree,) = ast.parse(getsource(Presets)).body
    except (OSError, SyntaxError):
        # A program may come without its sources.
        return {}
    found: dict[str, str] = {}
    for statement, following in pairwise(cast("ast.ClassDef", tree).body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = cleandoc(text)
            case _:
                pass
    return found


class PresetDoc:
    """The docstring of a class of runners, and that of each preset on its runner."""

    def __init__(self, doc: str | None) -> None:
        self._doc = doc and cleandoc(doc)

    def __get__(self, runner: object, owner: type[object]) -> str | None:
        if runner is None:
            return self._doc
        name: str = getattr(runner, "__name__", "")
        text = _docstrings().get(name)
        if text is None:
            return self._doc
        # Annotations are strings, which need no quotes here.
        call = str(signature(cast("Callable[..., object]", runner))).replace("'", "")
        return f"{name}{call}\n\n{text}\n\n{self._doc}"


def presets() -> Iterator[Preset]:
    """Return the evaluators of the service."""
    return (value for value in vars(Presets).values() if isinstance(value, Preset))
