"""`root-signals judges`: the methods of `client.judges`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..errors import FAILED, PARTIAL, CommandError
from ..evaluation import RUN, check_scores, read_file, run_arguments
from ..resources import Command, Resource, Values, argument, flag, option, options
from ..session import Session
from .evaluators import EVALUATORS

if TYPE_CHECKING:
    from ... import RootSignals
    from ...errors import JSONValue
    from ...judges import JudgeBatchExecutionItem, JudgeGeneratorResponse

__all__ = ["JUDGES"]

_JUDGES = Resource(
    name="judges",
    accessor="judges",
    noun="judge",
    plural="judges",
    help="Run and manage judges, which run several evaluators.",
    columns=("id", "name", "intent", "visibility", "created_at", "project_id"),
    details=(
        *("id", "name", "intent", "visibility", "created_at", "project_id"),
        *("stage", "files", "version_id"),
    ),
    filters=(
        option("search_term", "Only with this text in the name or intent.", flag="--search"),
        option("name", "Only with exactly this name.", metavar="NAME"),
        flag("include_public", "Also public ones of other organizations."),
        option("project_id", "Only those of this project.", metavar="ID"),
    ),
)


_SCORE_COLUMNS = ("evaluator_name", "score", "justification")
_BATCH_COLUMNS = ("index", "status", *_SCORE_COLUMNS)

# A refinement has the scores before and after it.
_REFINE = tuple(one for one in RUN if one.name != "min_score")
_MIN_SCORE = tuple(one for one in RUN if one.name == "min_score")


def _run(session: Session, values: Values) -> None:
    word: str = values["identity"]
    arguments = run_arguments(session, values)
    with (
        session.client() as client,
        session.interrupt_warning("The evaluation may have been charged."),
    ):
        # What is not listed, such as a public one of others, may have the name, too.
        if found := _JUDGES.find_listed(client, word):
            result = client.judges.run(found, **arguments)
        else:
            result = client.judges.run_by_name(word, **arguments)
    if session.format in ("table", "csv", "markdown"):
        session.show((one.to_dict() for one in result.evaluator_results), _SCORE_COLUMNS)
        if result.execution_log_id:
            session.info(f"The log is {result.execution_log_id}.")
    else:
        session.show_one(result.to_dict())
    check_scores(result.evaluator_results, values)


def _with_intent(values: Values) -> dict[str, Any]:
    """Return the values that were given, with the intent by its name.

    Raises:
        CommandError: There is no intent, or there are two.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if ("intent" in given) == ("intent_option" in given):
        raise CommandError("Pass the intent, either as INTENT or with --intent.")
    if "intent_option" in given:
        given["intent"] = given.pop("intent_option")
    return given


def _create(session: Session, values: Values) -> None:
    given = _with_intent(values)
    with session.client() as client:
        given |= _references(client, given.pop("evaluators", []))
        with session.interrupt_warning("The judge may have been created."):
            created = client.judges.create(**given)
    session.show_one(created.to_dict())


def _update(session: Session, values: Values) -> None:
    given = {name: value for name, value in values.items() if value is not None}
    with session.client() as client:
        judge_id = _JUDGES.find(client, given.pop("identity"))
        given |= _references(client, given.pop("evaluators", []))
        with session.interrupt_warning("The judge may have been changed."):
            updated = client.judges.update(judge_id, **given)
    session.show_one(updated.to_dict())


def _references(client: RootSignals, evaluators: list[str]) -> dict[str, Any]:
    """Return the argument for evaluators that are given by their IDs or names, if there are any."""
    found = [{"id": EVALUATORS.find(client, word)} for word in evaluators]
    return {"evaluator_references": found} if found else {}


def _generate(session: Session, values: Values) -> None:
    arguments = _with_intent(values)
    with (
        session.client() as client,
        session.interrupt_warning("The judge may have been generated, and charged."),
    ):
        generated = client.judges.generate(**arguments)
    shown = generated.to_dict()
    # A user with a key needs no token to claim a judge.
    shown.pop("claim_token", None)
    session.show_one(shown)
    if generated.error_code:
        raise _incomplete(generated)


def _incomplete(generated: JudgeGeneratorResponse) -> CommandError:
    """Return the error for a judge that has no evaluators."""
    problem = f"The judge {generated.judge_id} was not completed: {generated.error_code}."
    again = f"with --judge-id {generated.judge_id}"
    if not generated.stages:
        return CommandError(problem, f"Describe it again {again}, in more detail.", code=FAILED)
    stages = ", ".join(map(repr, generated.stages))
    return CommandError(
        f"{problem} The stages are {stages}.",
        f"Generate it again {again} and the --stage to evaluate.",
        code=FAILED,
    )


def _refine(session: Session, values: Values) -> None:
    arguments = run_arguments(session, values)
    with (
        session.client() as client,
        session.interrupt_warning("The refinement may have been charged."),
    ):
        result = client.judges.refine(
            _JUDGES.find(client, values["identity"]), stream=False, **arguments
        )
    session.show_one(result.to_dict())


def _batch(session: Session, values: Values) -> None:
    from ...models import Progress

    inputs = _inputs(read_file(session, values["inputs"]))
    with session.client() as client:
        with session.interrupt_warning("The batch may have been started, and charged."):
            batch = client.judges.batches.create(
                _JUDGES.find(client, values["identity"]),
                inputs,
                tags=values["tags"] or None,
                project_id=values["project_id"],
            )
        session.info(f"The batch is {batch.id}.")
        with (
            session.interrupt_warning(f"The service continues to process the batch {batch.id}."),
            session.progress("Judging") as update,
        ):
            done = client.judges.batches.wait(
                batch.id,
                timeout=values["timeout"],
                on_progress=lambda now: update(Progress(now.done, now.total, now.failed, 0)),
            )
    if session.format in ("table", "csv", "markdown"):
        session.show((row for item in done.items for row in _rows(item)), _BATCH_COLUMNS)
    else:
        session.show(item.to_dict() for item in done.items)
    if done.failed:
        raise CommandError(f"Failed: {done.failed} of {done.total} inputs.", code=PARTIAL)
    check_scores((one for item in done.items for one in item.evaluator_results or ()), values)


def _inputs(text: str) -> list[dict[str, Any]]:
    """Return the inputs of a batch from JSON Lines.

    Raises:
        CommandError: A line is not a JSON object, or there is none.
    """
    inputs: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value: object = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise CommandError(f"Line {number} of the file is not a JSON object.")
        inputs.append(cast("dict[str, Any]", value))
    if not inputs:
        raise CommandError("The file has no inputs: it needs a JSON object on each line.")
    return inputs


def _rows(item: JudgeBatchExecutionItem) -> Iterator[Mapping[str, JSONValue]]:
    """Yield a row for each result of an input, or one without a result."""
    head: dict[str, JSONValue] = {"index": item.index, "status": item.status}
    for result in item.evaluator_results or ():
        yield head | result.to_dict()
    if not item.evaluator_results:
        yield head | {"justification": item.error_message}


_SETTINGS = (
    options(
        "evaluators",
        "The ID or name of an evaluator that it runs; may be repeated.",
        metavar="EVALUATOR",
        flag="--evaluator",
    ),
    option("stage", "The stage of the application that it evaluates."),
    option("visibility", "private for your organization, or public.", metavar="WORD"),
    option("project_id", "The ID of its project.", metavar="ID"),
)

JUDGES = _JUDGES.extended(
    Command(
        "run",
        "Run a judge and print the scores of its evaluators.",
        (
            _JUDGES.identity(),
            *RUN,
            option("judge_version_id", "The version to run.", metavar="ID"),
        ),
        _run,
    ),
    Command(
        "create",
        "Create a judge of evaluators and print it.",
        (
            argument("name", "NAME", "Name of the judge."),
            argument("intent", "INTENT", "What it evaluates.", optional=True),
            option("intent_option", "The same as INTENT.", flag="--intent"),
            *_SETTINGS,
        ),
        _create,
    ),
    Command(
        "update",
        "Update fields of a judge, and print it.",
        (
            _JUDGES.identity(),
            option("name", "The new name.", metavar="NAME"),
            option("intent", "The new intent."),
            *_SETTINGS,
        ),
        _update,
    ),
    Command(
        "generate",
        "Generate a judge from a description and print its ID.",
        (
            argument(
                "intent", "INTENT", "What to evaluate; at least 10 characters.", optional=True
            ),
            option("intent_option", "The same as INTENT.", flag="--intent"),
            option("name", "Its name.", metavar="NAME"),
            option("stage", "The stage of the application that it evaluates."),
            option("judge_id", "The ID of the judge to generate again.", metavar="ID"),
            option("project_id", "The ID of its project.", metavar="ID"),
            flag("overwrite", "Replace your own judge of this name."),
        ),
        _generate,
    ),
    Command(
        "refine",
        "Improve a response until a judge is satisfied, and print it.",
        (
            _JUDGES.identity(),
            *_REFINE,
            option("max_iterations", "Maximum number of rounds.", metavar="N", kind=int),
            option("threshold", "The score that is enough.", metavar="SCORE", kind=float),
            option("judge_version_id", "The version to run.", metavar="ID"),
        ),
        _refine,
    ),
    Command(
        "batch",
        "Run a judge on a file of inputs, wait, and print the scores.\n\n"
        "Each line of the file is a JSON object with arguments of a run, such as"
        ' {"request": "Where is it?", "response": "Here."}.',
        (
            _JUDGES.identity(),
            argument("inputs", "FILE", "The file; - reads stdin. At most 100 inputs."),
            options("tags", "A label of the logs; may be repeated.", flag="--tag"),
            option("project_id", "The project of the logs.", metavar="ID"),
            option("timeout", "Seconds to wait; no limit if omitted.", metavar="S", kind=float),
            *_MIN_SCORE,
        ),
        _batch,
    ),
)
