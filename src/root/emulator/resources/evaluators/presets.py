"""The evaluators of the service, which exist from the start."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["PRESETS", "Preset", "similar_preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """An evaluator of the service.

    Attributes:
        id: The ID, which is that of the service.
        name: The name.
        attribute: The name as an attribute of the SDK.
        inputs: The names of its inputs.
    """

    id: str
    name: str
    attribute: str
    inputs: tuple[str, ...]


_TEXT = ("response",)
_PAIR = ("request", "response")
_GROUNDED = (*_PAIR, "contexts")
_EXPECTED = ("response", "expected_output")
_RETRIEVED = ("request", "contexts", "expected_output")

PRESETS: tuple[Preset, ...] = (
    Preset("901794f9-634c-4852-9e41-7c558f1ff1ab", "Faithfulness", "Faithfulness", _GROUNDED),
    Preset("bd789257-f458-4e9e-8ce9-fa6e86dc3fb9", "Relevance", "Relevance", _PAIR),
    Preset("9976d9f3-7265-4732-b518-d61c2642b14e", "Clarity", "Clarity", _TEXT),
    Preset("e296e374-7539-4eb2-a74a-47847dd26fb8", "Non-toxicity", "Non_toxicity", _TEXT),
    Preset("88bc92d5-bebf-45e4-9cd1-dfa33309c320", "Helpfulness", "Helpfulness", _PAIR),
    Preset("2856903a-e48c-4548-b3fe-520fd88c4f25", "Politeness", "Politeness", _TEXT),
    Preset("8ab6cf1a-42b5-4a23-a15c-21372816483d", "Formality", "Formality", _TEXT),
    Preset("379fee0a-4fd1-4942-833b-7d78d78b334d", "Harmlessness", "Harmlessness", _TEXT),
    Preset("2eaa0a02-47a9-48f7-9b47-66ad257f93eb", "Confidentiality", "Confidentiality", _TEXT),
    Preset("85bb6a74-f5dd-4130-8dcc-cffdf72327cc", "Persuasiveness", "Persuasiveness", _TEXT),
    Preset(
        "03829088-1799-438e-ae30-1db60832e52d",
        "JSON Empty Values Ratio",
        "JSON_Empty_Values_Ratio",
        _TEXT,
    ),
    Preset(
        "740923aa-8ffd-49cc-a95d-14f831243b25",
        "JSON Property Name Accuracy",
        "JSON_Property_Name_Accuracy",
        _TEXT,
    ),
    Preset(
        "eabc6924-1fec-4e96-82ce-c03bf415c885",
        "JSON Property Type Accuracy",
        "JSON_Property_Type_Accuracy",
        _TEXT,
    ),
    Preset(
        "e5de37f7-d20c-420f-8072-f41dce96ecfc",
        "JSON Property Completeness",
        "JSON_Property_Completeness",
        _TEXT,
    ),
    Preset(
        "b6a9aeff-c888-46d7-9e9c-7cf8cb461762",
        "JSON Content Accuracy",
        "JSON_Content_Accuracy",
        _EXPECTED,
    ),
    Preset("8bb60975-5062-4367-9fc6-a920044cba56", "Context Recall", "Context_Recall", _RETRIEVED),
    Preset(
        "d4487568-4243-4da8-9c76-adbaf762dbe0",
        "Answer Correctness",
        "Answer_Correctness",
        ("request", "response", "contexts", "expected_output"),
    ),
    Preset(
        "ff350bce-4b07-4af7-9640-803c9d3c2ff9",
        "Answer Semantic Similarity",
        "Answer_Semantic_Similarity",
        _EXPECTED,
    ),
    Preset(
        "e3782c1e-eaf4-4b2d-8d26-53db2160f1fd",
        "Sentiment recognition",
        "Sentiment_recognition",
        _TEXT,
    ),
    Preset(
        "39a8b5ba-de77-4726-a6b0-621d40b3cdf5", "Safety for Children", "Safety_for_Children", _TEXT
    ),
    Preset("767bdd49-5f8c-48ca-8324-dfd6be7f8a79", "Precision", "Precision", _PAIR),
    Preset("e72cb54f-548a-44f9-a6ca-4e14e5ade7f7", "Originality", "Originality", _TEXT),
    Preset("64729487-d4a8-42d8-bd9e-72fd8390c134", "Engagingness", "Engagingness", _TEXT),
    Preset("be828d33-158a-4e92-a2eb-f4d96c13f956", "Conciseness", "Conciseness", _TEXT),
    Preset("e599886c-c338-458f-91b3-5d7eba452618", "Coherence", "Coherence", _TEXT),
    Preset(
        "059affa9-2d1c-48de-8e97-f81dd3fc3cbe",
        "Quality of Writing - Professional",
        "Quality_of_Writing_Professional",
        _TEXT,
    ),
    Preset(
        "060abfb6-57c9-43b5-9a6d-8a1a9bb853b8",
        "Quality of Writing - Creative",
        "Quality_of_Writing_Creative",
        _TEXT,
    ),
    Preset("053df10f-b0c7-400b-892e-46ce3aa1e430", "Truthfulness", "Truthfulness", _GROUNDED),
    Preset(
        "9d1e9a25-7e76-4771-b1e3-40825d7918c5", "Context Precision", "Context_Precision", _RETRIEVED
    ),
    Preset("0907d422-e94f-4c9c-a63d-ec0eefd8a903", "Answer Relevance", "Answer_Relevance", _PAIR),
    Preset(
        "4613f248-b60e-403a-bcdc-157d1c44194a",
        "Compliance-preview",
        "Compliance_Preview",
        _GROUNDED,
    ),
    Preset(
        "a3a5e97b-7fcb-441e-92f2-6e59aa473b89",
        "Faithfulness-swift",
        "Faithfulness_Swift",
        _GROUNDED,
    ),
    Preset(
        "c8c65e61-2dc8-4f29-865a-a5e59127d208",
        "Truthfulness-swift",
        "Truthfulness_Swift",
        _GROUNDED,
    ),
    Preset("f0832c32-6beb-4383-a1ea-cdeb883d9044", "Completeness", "Completeness", _PAIR),
    Preset("119d9587-9b33-4d43-a6b6-ba116dfee31b", "Reading Ease", "Reading_Ease", _TEXT),
    Preset(
        "c81034ae-9439-4c93-bab3-d159eaf072bf", "Answer Willingness", "Answer_Willingness", _PAIR
    ),
    Preset(
        "789a3dd8-7794-4f01-b229-3a99088c82fc", "Information Density", "Information_Density", _TEXT
    ),
    Preset(
        "ed3e16c2-2d4e-4ec2-b4af-b4b54a24009d", "Planning Efficiency", "Planning_Efficiency", _PAIR
    ),
    Preset(
        "2569dddd-9b2c-4811-b35a-06fcfdc62d7a",
        "Faithfulness to Citations",
        "Faithfulness_to_Citations",
        _PAIR,
    ),
    Preset(
        "44e6722e-43e0-4791-a84f-0e1480adccd6", "Translation Quality", "Translation_Quality", _PAIR
    ),
    Preset(
        "7c8f9e3a-1b2d-4c5e-9f8a-6d7c4b3e2a1f",
        "Context Completeness",
        "Context_Completeness",
        ("request", "contexts"),
    ),
    Preset(
        "e7548186-af7c-49ef-be24-eda7c47adb6d",
        "Summarization Quality",
        "Summarization_Quality",
        _PAIR,
    ),
    Preset("dd120733-d107-4e77-a78b-5f04ade1a969", "Tool Selection", "Tool_Selection", _PAIR),
    Preset(
        "193d0c31-6953-4f4d-840a-d42bdb23e5a7", "Knowledge Retention", "Knowledge_Retention", _PAIR
    ),
)
"""The evaluators of the service, in the order of lists."""


def similar_preset(name: str) -> str | None:
    """Return the name of a preset that a name seems to misspell, or None.

    A name that begins with that of a preset, such as `Relevance 2`, does not.
    """
    if name.startswith(tuple({name for one in PRESETS for name in (one.name, one.attribute)})):
        return None
    names = {one.name.casefold(): one.name for one in PRESETS}
    close = get_close_matches(name.casefold().replace("_", " "), names, n=1, cutoff=0.85)
    return names[close[0]] if close else None
