"""`root-signals evaluators`: the methods of `client.evaluators`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..evaluation import RUN, check_scores, read_file, read_text, run_arguments
from ..resources import Command, Resource, Values, argument, flag, option, options
from ..session import Session

__all__ = ["EVALUATORS"]


def _attributes() -> Mapping[str, str]:
    """Return the IDs of the evaluators of the service by the names of their attributes."""
    from ...evaluators import Eval

    return {one.name: one.value for one in Eval}


_EVALUATORS = Resource(
    name="evaluators",
    accessor="evaluators",
    noun="evaluator",
    plural="evaluators",
    help="Run and manage evaluators: your own and those of the service.",
    columns=("id", "name", "objective", "owner", "models", "created_at", "version_id"),
    details=(
        *("id", "name", "objective", "owner", "models", "created_at", "version_id"),
        *("behavior", "scoring_criteria", "input_variables", "evaluator_demonstrations"),
        *("demonstration_dataset_id", "change_note"),
    ),
    filters=(
        option("search_term", "Only with this text in the name or description.", flag="--search"),
        option("name", "Only with exactly this name.", metavar="NAME"),
        flag("only_root_evaluators", "Only those that the service maintains."),
        flag("include_public", "Also public ones of other organizations."),
        option("project_id", "Only those of this project.", metavar="ID"),
    ),
    aliases=_attributes,
)


def _run(session: Session, values: Values) -> None:
    word: str = values["identity"]
    arguments = run_arguments(session, values)
    with (
        session.client() as client,
        session.interrupt_warning("The evaluation may have been charged."),
    ):
        # What is not listed, such as a public one of others, may have the name, too.
        if found := _EVALUATORS.find_listed(client, word):
            result = client.evaluators.run(found, **arguments)
        else:
            result = client.evaluators.run_by_name(word, **arguments)
    session.show_one(result.to_dict())
    check_scores([result], values)


def _create(session: Session, values: Values) -> None:
    arguments = {name: value for name, value in values.items() if value is not None}
    predicate = read_text(session, arguments.pop("predicate"))
    with (
        session.client() as client,
        session.interrupt_warning("The evaluator may have been created."),
    ):
        created = client.evaluators.create(predicate, **arguments)
    session.show_one(created.to_dict())


def _update(session: Session, values: Values) -> None:
    given = {name: value for name, value in values.items() if value not in (None, [])}
    if "predicate" in given:
        given["predicate"] = read_text(session, given["predicate"])
    with session.client() as client:
        evaluator_id = _EVALUATORS.find(client, given.pop("identity"))
        with session.interrupt_warning("The evaluator may have been changed."):
            updated = client.evaluators.update(evaluator_id, **given)
    session.show_one(updated.to_dict())


def _export(session: Session, values: Values) -> None:
    with session.client() as client:
        text = client.evaluators.export_yaml(_EVALUATORS.find(client, values["identity"]))
    target: Path | None = values["to"]
    if target is None:
        session.write(text.removesuffix("\n"))
        return
    target.write_text(text, encoding="utf-8", newline="")
    session.info(f"Wrote {target}.")


def _import(session: Session, values: Values) -> None:
    arguments = {name: value for name, value in values.items() if value is not None}
    text = read_file(session, arguments.pop("document"))
    with (
        session.client() as client,
        session.interrupt_warning("The evaluator may have been created."),
    ):
        created = client.evaluators.import_yaml(text, **arguments)
    session.show_one(created.to_dict())


EVALUATORS = _EVALUATORS.extended(
    Command(
        "run",
        "Run an evaluator and print its score.",
        (
            _EVALUATORS.identity(),
            *RUN,
            options(
                "variables",
                "The value of a variable of the evaluator; may be repeated.",
                metavar="NAME=VALUE",
                flag="--variable",
            ),
            option("evaluator_version_id", "The version to run.", metavar="ID"),
        ),
        _run,
    ),
    Command(
        "create",
        "Create an evaluator and print it.",
        (
            argument("name", "NAME", "Name of the evaluator."),
            argument(
                "predicate", "TEXT", "Its text, with {{request}} or {{response}}; - reads stdin."
            ),
            option("intent", "What it measures, for a new objective."),
            option("objective_id", "The ID of its objective.", metavar="ID"),
            option("model", "The name of its model.", metavar="NAME"),
            option("project_id", "The ID of its project.", metavar="ID"),
            flag("overwrite", "Replace your own evaluator of this name."),
        ),
        _create,
    ),
    Command(
        "update",
        "Update fields of an evaluator, and print it.",
        (
            _EVALUATORS.identity(),
            option("name", "The new name.", metavar="NAME"),
            option(
                "predicate",
                "The new text, with {{request}} or {{response}}; - reads stdin.",
                flag="--text",
            ),
            option("model", "The name of its model.", metavar="NAME"),
            options(
                "fallback_models",
                "A model to use if its own fails, with --model; may be repeated.",
                metavar="NAME",
                flag="--fallback-model",
            ),
            option("behavior", "fast, balanced or thorough.", metavar="WORD"),
            option("objective_id", "The ID of its objective.", metavar="ID"),
            option("demonstration_dataset_id", "The data set with its examples.", metavar="ID"),
            option("change_note", "A note on the version."),
            option("project_id", "The ID of its project.", metavar="ID"),
        ),
        _update,
    ),
    Command(
        "export",
        "Print an evaluator as a YAML document, or write it to a file.",
        (
            _EVALUATORS.identity(),
            option("to", "The file to write.", metavar="FILE", kind=Path),
        ),
        _export,
    ),
    Command(
        "import",
        "Create an evaluator from a YAML document of `export` and print it.",
        (
            argument("document", "FILE", "The document; - reads stdin."),
            option("project_id", "The ID of its project.", metavar="ID"),
            flag("overwrite", "Replace your own evaluator of this name."),
        ),
        _import,
    ),
)
