"""`root-signals datasets`: the methods of `client.datasets`."""

from __future__ import annotations

import sys
from pathlib import Path

from ..resources import Command, Resource, Values, argument, flag, option, options
from ..session import Session

__all__ = ["DATASETS"]

_TYPE = option("type", "What it is for: reference or test.", metavar="TYPE")

_DATASETS = Resource(
    name="datasets",
    accessor="datasets",
    noun="data set",
    plural="data sets",
    help="Manage data sets, files that evaluations refer to.",
    columns=("id", "name", "type", "status", "owner", "created_at", "project_id"),
    filters=(
        option("search_term", "Only with this text in the name.", flag="--search"),
        option("type", "Only of this type: reference or test.", metavar="TYPE"),
        option("project_id", "Only those of this project.", metavar="ID"),
    ),
    found_by="search_term",
)


def _create(session: Session, values: Values) -> None:
    given = {name: value for name, value in values.items() if value is not None}
    with (
        session.client() as client,
        session.interrupt_warning("The data set may have been created."),
    ):
        created = client.datasets.create(**given)
    session.show_one(created.to_dict())


def _download(session: Session, values: Values) -> None:
    with session.client() as client:
        content = client.datasets.download(_DATASETS.find(client, values["identity"]))
    target: Path | None = values["to"]
    if target is not None:
        target.write_bytes(content)
        session.info(f"Wrote {len(content)} bytes to {target}.")
    elif sys.stdout.isatty():
        session.write(content.decode("utf-8", "replace").removesuffix("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)


DATASETS = _DATASETS.extended(
    Command(
        "create",
        "Create a data set from a file or a URL, or an empty one.",
        (
            argument("path", "FILE", "The file, such as a CSV file.", kind=Path, optional=True),
            option("name", "Its name; that of the file if omitted.", metavar="NAME"),
            _TYPE,
            option("url", "The URL of a file for the service to read.", metavar="URL"),
            options("tags", "The ID of a tag; may be repeated.", metavar="ID", flag="--tag"),
            flag("has_header", "The first row has the names of the columns."),
            option("project_id", "The ID of its project.", metavar="ID"),
        ),
        _create,
    ),
    Command(
        "download",
        "Print the file of a data set, or write it to a file.",
        (
            _DATASETS.identity(),
            option("to", "The file to write.", metavar="FILE", kind=Path),
        ),
        _download,
    ),
)
