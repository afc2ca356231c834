"""`root-signals judges`: the methods of `client.judges`."""

from __future__ import annotations

from ..evaluation import RUN, check_scores, run_arguments
from ..identity import is_id
from ..resources import Command, Resource, Values, argument, flag, option
from ..session import Session

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


def _run(session: Session, values: Values) -> None:
    word: str = values["identity"]
    arguments = run_arguments(session, values)
    with (
        session.client() as client,
        session.interrupt_warning("The evaluation may have been charged."),
    ):
        if is_id(word):
            result = client.judges.run(word, **arguments)
        else:
            result = client.judges.run_by_name(word, **arguments)
    if session.format in ("table", "csv", "markdown"):
        session.show((one.to_dict() for one in result.evaluator_results), _SCORE_COLUMNS)
        if result.execution_log_id:
            session.info(f"The log is {result.execution_log_id}.")
    else:
        session.show_one(result.to_dict())
    check_scores(result.evaluator_results, values)


def _generate(session: Session, values: Values) -> None:
    arguments = {name: value for name, value in values.items() if value is not None}
    with (
        session.client() as client,
        session.interrupt_warning("The judge may have been generated, and charged."),
    ):
        generated = client.judges.generate(**arguments).to_dict()
    # Who has a key needs no token to claim a judge with.
    generated.pop("claim_token", None)
    session.show_one(generated)


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
        "generate",
        "Generate a judge from a description and print its ID.",
        (
            argument("intent", "INTENT", "What is to be evaluated; at least 10 characters."),
            option("name", "Its name.", metavar="NAME"),
            option("stage", "The stage of the application that it evaluates."),
            option("judge_id", "The ID of the judge to generate again.", metavar="ID"),
            option("project_id", "The project that it is to belong to.", metavar="ID"),
            flag("overwrite", "Replace a judge of yours that has the name."),
        ),
        _generate,
    ),
)
