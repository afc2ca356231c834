"""Groups of commands for resources, made from declarations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, TypeAlias, cast

import typer

from ..errors import RootSignalsError
from . import identity
from .errors import PARTIAL, CommandError, common_code
from .options import Group, Yes, command, common, show_help
from .session import Session

if TYPE_CHECKING:
    from .. import RootSignals
    from ..errors import JSONValue

__all__ = [
    "DETAILS",
    "Command",
    "Resource",
    "Values",
    "argument",
    "flag",
    "option",
    "options",
    "report_deletions",
    "show_listing",
    "switch",
]

DETAILS = "Retrieve each one, since a listing does not have all fields."
"""The help of `--details`."""

Values: TypeAlias = Mapping[str, Any]
"""The values of the parameters of a command by name."""


class _Item(Protocol):
    """An object of the service."""

    __facts__: ClassVar[Any]

    @property
    def model_extra(self) -> dict[str, Any] | None: ...
    def to_dict(self) -> dict[str, JSONValue]: ...


class _Methods(Protocol):
    """The methods that every resource of a client has."""

    @property
    def list(self) -> Callable[..., Iterable[_Item]]: ...
    @property
    def get(self) -> Callable[..., _Item]: ...
    @property
    def delete(self) -> Callable[..., None]: ...


def option(
    name: str, help: str, *, metavar: str = "TEXT", kind: Any = str, flag: str | None = None
) -> inspect.Parameter:
    """Return an option that can be omitted.

    Args:
        name: The name of the parameter that it is passed as.
        help: What it does.
        metavar: The word for its value.
        kind: The type of its value.
        flag: The name of the option; if None, it follows from `name`.
    """
    declared = typer.Option(flag or _flag(name), metavar=metavar, help=help)
    annotation = Annotated[kind | None, declared]
    return _parameter(name, annotation, None)


def options(name: str, help: str, *, metavar: str = "TEXT", flag: str) -> inspect.Parameter:
    """Return an option that can be repeated."""
    declared = typer.Option(flag, metavar=metavar, help=help)
    return _parameter(name, Annotated[list[str] | None, declared], None)


def flag(name: str, help: str) -> inspect.Parameter:
    """Return an option without a value."""
    return _parameter(name, Annotated[bool, typer.Option(_flag(name), help=help)], False)


def switch(name: str, help: str) -> inspect.Parameter:
    """Return an option without a value, and its opposite; neither has to be given."""
    declared = typer.Option(f"{_flag(name)}/--no-{name.replace('_', '-')}", help=help)
    return _parameter(name, Annotated[bool | None, declared], None)


def argument(
    name: str, metavar: str, help: str, *, kind: Any = str, optional: bool = False
) -> inspect.Parameter:
    """Return a positional argument."""
    declared = typer.Argument(metavar=metavar, help=help)
    if optional:
        return _parameter(name, Annotated[kind | None, declared], None)
    return _parameter(name, Annotated[kind, declared], inspect.Parameter.empty)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


@dataclass(frozen=True)
class Command:
    """A command beside `list`, `get` and `delete`.

    Attributes:
        name: The name.
        help: The help; the first line is the summary.
        parameters: The arguments and options.
        run: Executes it.
    """

    name: str
    help: str
    parameters: Sequence[inspect.Parameter]
    run: Callable[[Session, Values], None]


@dataclass(frozen=True)
class Resource:
    """A resource of the client whose methods are commands.

    Attributes:
        name: The name of the group of commands.
        accessor: The name of the attribute of a client.
        noun: The word for one object.
        plural: The word for several.
        help: The summary of the group.
        columns: The columns of a listing: fields that it has.
        details: The columns with `--details`, or none if there is no such option.
        filters: The options of `list`, which are arguments of the method.
        named_by: The field that identifies an object beside its ID, or None.
        found_by: The argument of `list` that finds an object by that field.
        aliases: Returns the IDs of objects that have other names, too, by these names.
        can_delete: Whether there is `delete`.
        commands: Further commands.
    """

    name: str
    accessor: str
    noun: str
    plural: str
    help: str
    columns: Sequence[str]
    filters: Sequence[inspect.Parameter]
    details: Sequence[str] = ()
    named_by: str | None = "name"
    found_by: str = "name"
    aliases: Callable[[], Mapping[str, str]] = dict[str, str]
    can_delete: bool = True
    commands: Sequence[Command] = ()

    def extended(self, *commands: Command) -> Resource:
        """Return the resource with further commands."""
        return replace(self, commands=commands)

    def of(self, client: RootSignals) -> _Methods:
        """Return the resource of a client."""
        return cast("_Methods", getattr(client, self.accessor))

    def identity(self, *, several: bool = False) -> inspect.Parameter:
        """Return the argument that identifies an object, or several."""
        word = self.noun.replace(" ", "_").upper()
        ids = "IDs" if several else "ID"
        names = "" if self.named_by is None else " or names" if several else " or name"
        declared = typer.Argument(
            metavar=word,
            help=f"{self.noun[0].upper()}{self.noun[1:]} {ids}{names}.",
            autocompletion=identity.completer(self.accessor, self.named_by),
        )
        kind = list[str] if several else str
        return _parameter("identity", Annotated[kind, declared], inspect.Parameter.empty)

    def find(self, client: RootSignals, word: str) -> str:
        """Return the ID of an object that is given by its ID or name.

        Raises:
            CommandError: There is no such object, or several have the name.
        """
        if found := self.find_listed(client, word):
            return found
        raise identity.not_one(word, [], self.noun, self.plural, self.name)

    def find_listed(self, client: RootSignals, word: str) -> str | None:
        """Return the ID of an object that is given by its ID or name, or None if none is listed.

        Raises:
            CommandError: Several have the name.
        """
        if identity.is_id(word) or self.named_by is None:
            return word
        found = identity.named(
            self.of(client).list(limit=identity.MAX_SEARCHED, **{self.found_by: word}),
            self.named_by,
            word,
        )
        if len(found) > 1:
            raise identity.not_one(word, found, self.noun, self.plural, self.name)
        return found[0] if found else self.aliases().get(word)

    def app(self) -> typer.Typer:
        """Return the group of commands."""
        app = typer.Typer(cls=Group)

        @app.callback(invoke_without_command=True, help=self.help)
        @common
        def group(context: typer.Context) -> None:
            show_help(context)

        for one in (*self._standard(), *self.commands):
            app.command(one.name, help=one.help)(_function(one))
        return app

    def _standard(self) -> Iterable[Command]:
        limits = (
            _parameter(
                "limit",
                Annotated[
                    int,
                    typer.Option(metavar="N", min=0, help=f"Maximum number of {self.plural}."),
                ],
                100,
            ),
            _parameter(
                "all_",
                Annotated[bool, typer.Option("--all", help=f"List all {self.plural}.")],
                False,
            ),
        )
        details = (flag("details", DETAILS),) if self.details else ()
        parameters = (*limits, *self.filters, *details)
        yield Command("list", f"List {self.plural}.", parameters, self._list)
        article = "an" if self.noun[0] in "aeiou" else "a"
        yield Command("get", f"Print {article} {self.noun}.", (self.identity(),), self._get)
        if self.can_delete:
            yes = _parameter("yes", Yes, False)
            parameters = (self.identity(several=True), yes)
            yield Command("delete", f"Delete your own {self.plural}.", parameters, self._delete)

    def _list(self, session: Session, values: Values) -> None:
        filters = dict(values)
        limit: int = filters.pop("limit")
        is_all: bool = filters.pop("all_")
        with session.client() as client:
            # One more than printed, to find out whether there are more.
            found = self.of(client).list(
                limit=None if is_all else limit + 1, page_size=100, **filters
            )
            columns = self.details if filters.get("details") else self.columns
            show_listing(session, found, columns, None if is_all else limit, self.noun, self.plural)

    def _get(self, session: Session, values: Values) -> None:
        with session.client() as client:
            found = self.of(client).get(self.find(client, values["identity"]))
            session.show_one(found.to_dict())

    def _delete(self, session: Session, values: Values) -> None:
        with session.client() as client:
            found: dict[str, str] = {}
            for word in values["identity"]:
                object_id = self.find(client, word)
                found[object_id] = word if word == object_id else f"{word} ({object_id})"
            session.confirm(
                f"Delete {', '.join(found.values())} at {session.service}?", yes=values["yes"]
            )
            outcomes: list[RootSignalsError | None] = []
            with session.interrupt_warning(f"Some {self.plural} may have been deleted."):
                for object_id in found:
                    try:
                        self.of(client).delete(object_id)
                    except RootSignalsError as error:
                        outcomes.append(error)
                    else:
                        outcomes.append(None)
        report_deletions(session, list(found.values()), outcomes, self.plural)


def _function(declared: Command) -> Callable[..., None]:
    """Return the function of a command, for Typer."""

    def function(session: Session, **values: object) -> None:
        declared.run(session, values)

    own = inspect.Parameter("session", inspect.Parameter.KEYWORD_ONLY)
    function.__signature__ = inspect.Signature([own, *declared.parameters])  # type: ignore[attr-defined]
    return command(function)


def show_listing(
    session: Session,
    found: Iterable[_Item],
    columns: Sequence[str],
    limit: int | None,
    noun: str,
    plural: str,
) -> None:
    """Print the objects of a listing, and whether there are more.

    Args:
        session: Prints them.
        found: The objects, at least one more than are printed if there are more.
        columns: The columns of a table and of CSV. Fields that are newer than this release follow.
        limit: The number of objects that are printed; None for all.
        noun: The word for one object.
        plural: The word for several.
    """
    items = iter(found)
    shown = items if limit is None else islice(items, limit)
    first = next(shown, None)
    if first is None and limit != 0:
        session.info(f"No {plural} found.")
    head = () if first is None else (first,)
    columns = [*columns, *(_new_fields(first) if first is not None else ())]
    session.show((one.to_dict() for one in chain(head, shown)), columns)
    if limit and next(items, None) is not None:
        listed = f"1 {noun} is" if limit == 1 else f"{limit} {plural} are"
        session.info(f"Only {listed} listed; use --limit N or --all for more.")


def _new_fields(item: _Item) -> Iterable[str]:
    """Yield the fields that this release does not know, by any name."""
    untabled: frozenset[str] = item.__facts__.untabled
    # A field whose name differs between servers is a property.
    return (
        name
        for name in item.model_extra or ()
        if name not in untabled and not hasattr(type(item), name)
    )


def report_deletions(
    session: Session,
    descriptions: Sequence[str],
    outcomes: Sequence[RootSignalsError | None],
    plural: str,
) -> None:
    """Print what was deleted.

    Raises:
        RootSignalsError: The only deletion failed.
        CommandError: Some of several failed.
    """
    failed = [error for error in outcomes if error is not None]
    for description, error in zip(descriptions, outcomes, strict=True):
        if error is None:
            session.info(f"Deleted {description}.")
        elif len(outcomes) > 1:
            session.warn(f"{description}: {error}")
    if failed and len(outcomes) == 1:
        raise failed[0]
    if failed:
        raise CommandError(
            f"Not deleted: {len(failed)} of {len(outcomes)} {plural}.",
            code=PARTIAL if len(failed) < len(outcomes) else common_code(failed),
        )
