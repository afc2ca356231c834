"""The scores of evaluators: rules, demonstrations, and scores that a test sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from root.emulator import Server, serve
from root.emulator.scoring import Inputs, compute_score

from .evaluation import EVALUATORS, RELEVANCE, checked, create_evaluator, run


@pytest.fixture
def client(emulator: Server) -> Iterator[httpx.Client]:
    with checked(emulator, emulator.api_key) as client:
        yield client


@pytest.mark.parametrize(
    ("rule", "inputs", "score"),
    [
        ("Conciseness", Inputs(response="word " * 40), 1.0),
        ("Conciseness", Inputs(response="word " * 80), 0.5),
        ("Conciseness", Inputs(response=""), 0.0),
        ("Politeness", Inputs(response="Thank you."), 0.95),
        ("Politeness", Inputs(response="You stupid idiot."), 0.35),
        ("Faithfulness", Inputs(response="a b", contexts=["A", "c"]), 0.5),
        ("Truthfulness", Inputs(request="q", expected_output="a b", contexts=["a b"]), 1.0),
        ("Relevance", Inputs(request="a b c d", response="A, b and c."), 0.75),
        ("Relevance", Inputs(request="a", response=" "), 0.0),
        ("Answer_Correctness", Inputs(response="a", expected_output="a b"), 0.5),
        ("Context_Recall", Inputs(request="q", contexts=["a"], expected_output="a b"), 0.5),
        ("Context_Precision", Inputs(request="q", contexts=["a", "c"], expected_output="a"), 0.5),
        ("Context_Completeness", Inputs(request="a b", contexts=["a"]), 0.5),
        ("JSON_Property_Completeness", Inputs(response="{}"), 1.0),
        ("JSON_Property_Completeness", Inputs(response="{"), 0.0),
        ("JSON_Empty_Values_Ratio", Inputs(response='{"a": "", "b": 1}'), 0.5),
        ("Information_Density", Inputs(response="a a"), 0.5),
        ("Reading_Ease", Inputs(response="easy words"), 0.95),
        ("Tool_Selection", Inputs(response="x"), 0.0),
        # By hash: the numbers must be the same on every machine.
        ("Clarity", Inputs(response="x"), 0.69),
        ("Clarity", Inputs(response=""), 0.0),
        (None, Inputs(response="x", variables={"tone": "y"}), 0.76),
    ],
)
def test_rules(rule: str | None, inputs: Inputs, score: float) -> None:
    """Each rule gives its documented score, and a note that no LLM was asked."""
    found = compute_score("An evaluator", rule, "", (), inputs)

    assert found.value == score
    assert found.justification.startswith(f"An evaluator: {score:.2f}, since ")
    assert found.justification.endswith(" No LLM was asked.")


def test_equal_evaluators_have_equal_scores() -> None:
    """An evaluator with the same name and criteria has the same scores in another emulator."""
    scores: list[object] = []
    for _ in range(2):
        with serve() as server, checked(server, server.api_key) as client:
            created = create_evaluator(client, name="Kindness")
            scores.append(run(client, created["id"], response="Thanks!")["score"])

    assert scores[0] == scores[1]
    assert isinstance(scores[0], float)
    assert 0.5 <= scores[0] <= 0.95


def test_demonstrations(client: httpx.Client) -> None:
    """A demonstrated text has the demonstrated score."""
    shown: list[dict[str, Any]] = [
        {"response": "Thanks!", "score": 0.12},
        {"request": "Hi", "response": "No.", "score": 0.34},
    ]
    created = create_evaluator(client, evaluator_demonstrations=shown)

    assert run(client, created["id"], response="Thanks!")["score"] == 0.12
    assert run(client, created["id"], request="Hi", response="No.")["score"] == 0.34
    assert run(client, created["id"], response="No.")["score"] >= 0.5


def test_set_score(emulator: Server, client: httpx.Client) -> None:
    """A score that a test sets precedes all rules, and is removed by a wipe."""
    computed = run(client)["score"]

    emulator.set_score("Relevance", 0.2)
    emulator.set_score(RELEVANCE, 0.9, "Good.", pattern="(?i)YES")
    emulator.set_score("Safety_for_Children", None)

    assert run(client, response="No.")["score"] == 0.2
    result = run(client, response="Oh yes.")
    assert (result["score"], result["justification"]) == (0.9, "Good.")
    path = f"{EVALUATORS}execute/by-name/?name=Safety for Children"
    safety = client.post(path, json={"response": "x"}).json()
    assert (safety["score"], safety["confidence"]) == (None, None)
    assert emulator.execution_logs[-1].score is None
    emulator.clear_scores()
    assert run(client)["score"] == computed
    emulator.set_score("Relevance", 0.2)
    emulator.wipe()
    assert run(client)["score"] == computed


@pytest.mark.parametrize(("arguments", "pattern"), [((-0.1,), None), ((1.1,), None), ((0.5,), "(")])
def test_invalid_scores(emulator: Server, arguments: tuple[float], pattern: str | None) -> None:
    """A score must be from 0 to 1, and a pattern a regular expression."""
    with pytest.raises(ValueError, match=r"must be from 0 to 1|not a valid regular expression"):
        emulator.set_score("Relevance", *arguments, pattern=pattern)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"score": "x"}, "score must be a number from 0 to 1, or None, not 'x'."),
        ({"score": True}, "score must be a number from 0 to 1, or None, not True."),
        ({"evaluator": 1}, "evaluator must be a name or an ID, not 1."),
        ({"justification": 1}, "justification must be a string or None, not 1."),
        ({"pattern": b"x"}, "pattern must be a string or None, not b'x'."),
    ],
)
def test_scores_of_the_wrong_type(emulator: Server, wrong: dict[str, Any], message: str) -> None:
    """The error for an argument of the wrong type names it, and no score is set."""
    arguments: dict[str, Any] = {"evaluator": "Relevance", "score": 0.5, **wrong}

    with pytest.raises(TypeError) as error:
        emulator.set_score(**arguments)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Faithfullness", "Faithfulness"),
        ("clarity", "Clarity"),
        ("Safety_for_Childern", "Safety for Children"),
        ("Non toxicity", "Non-toxicity"),
    ],
)
def test_misspelled_evaluators(emulator: Server, name: str, meant: str) -> None:
    """A name that misspells that of an evaluator of the service is an error."""
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'?"):
        emulator.set_score(name, 0.1)


@pytest.mark.parametrize("name", ["Kindness", "Relevance 2", "Toxicity"])
def test_scores_of_evaluators_that_are_created_later(
    emulator: Server, client: httpx.Client, name: str
) -> None:
    """A score may be set before the evaluator is created."""
    emulator.set_score(name, 0.1)

    assert run(client, create_evaluator(client, name=name)["id"])["score"] == 0.1


def test_scores_of_evaluators_with_a_similar_name(emulator: Server, client: httpx.Client) -> None:
    """An evaluator that exists may have a name that is similar to that of the service."""
    id_ = create_evaluator(client, name="Relevancy")["id"]

    emulator.set_score("Relevancy", 0.1)

    assert run(client, id_)["score"] == 0.1


def test_a_failed_execution_leaves_nothing(emulator: Server, client: httpx.Client) -> None:
    """The response of a run that is refused is the only trace of it."""
    created = create_evaluator(client)
    body = {"response": "x", "evaluator_version_id": created["id"]}

    response = client.post(f"{EVALUATORS}execute/{created['id']}/", json=body)

    assert response.status_code == 404
    assert emulator.execution_logs == ()
