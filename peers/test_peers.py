"""The official SDKs against the emulator: each does what docs/peers.md says, and only that.

`nox -s peers` runs this, and installs every SDK in an environment of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from root import NotFoundError, RootSignals
from root.emulator import Server, serve

HERE = Path(__file__).parent


class CallFailedError(Exception):
    """What an SDK said of a call that failed."""

    def __init__(self, text: str, status: int | None) -> None:
        super().__init__(text)
        self.status = status


class Peer:
    """A program that makes calls with an SDK."""

    def __init__(self, process: subprocess.Popen[str], prefix: str) -> None:
        self._process = process
        self._prefix = prefix

    def call(self, method: str, *positional: object, **named: object) -> Any:
        """Make a call, an async one if the SDK runs so, and return what it led to.

        Raises:
            CallFailedError: The SDK raised an error.
        """
        return self.call_exactly(self._prefix + method, *positional, **named)

    def call_otherwise(self, method: str, *positional: object, **named: object) -> Any:
        """Make a blocking call where the SDK runs async, and an async one where it does not."""
        other = method if self._prefix else f"a{method}"
        return self.call_exactly(other, *positional, **named)

    def call_exactly(self, method: str, *positional: object, **named: object) -> Any:
        """Make a call of this very name."""
        assert self._process.stdin
        assert self._process.stdout
        call = {"method": method, "positional": positional, "named": named}
        print(json.dumps(call), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise CallFailedError(answer["error"], answer["status"])
        return answer["got"]


class Generated(Peer):
    """The same program, but its calls go through the client beneath `client.models`."""

    # The method, and the argument that takes all fields.
    NAMES: ClassVar = {
        "retrieve": ("models_retrieve", ""),
        "update": ("models_partial_update", "patched_model_request"),
        "replace": ("models_update", "model_request"),
        "verify": ("models_verify_create", "model_test_request_request"),
    }

    def call(self, method: str, *positional: object, **named: object) -> Any:
        """Make a call as the generated client takes it."""
        name, fields = self.NAMES[method]
        arguments: dict[str, object] = {fields: named} if fields else {}
        if positional:
            (arguments["id"],) = positional
        return self.call_exactly(name, **arguments)


@dataclass(frozen=True)
class Kind:
    """How a peer is started.

    Attributes:
        installed: The environment variable that names what `nox -s peers` has installed: an
            interpreter, or the folder that has the package.
        command: What is run, with that in place of the braces.
        variables: What begins the names of the variables for base URL and key.
        prefix: What begins the names of its methods.
    """

    installed: str
    command: tuple[str, ...]
    variables: str
    prefix: str = ""


# Isolated, or PYTHONPATH could put this project's `root` in place of theirs.
PYTHON = ("{}", "-I", str(HERE / "python_sdk.py"))
OLD, NEW, NODE = "PEERS_ROOT_SIGNALS", "PEERS_SCORABLE", "PEERS_NODE"
PEERS = {
    "root-signals": Kind(OLD, (*PYTHON, "root", "sync"), "ROOTSIGNALS"),
    "root-signals, async": Kind(OLD, (*PYTHON, "root", "async"), "ROOTSIGNALS", "a"),
    "scorable": Kind(NEW, (*PYTHON, "scorable", "sync"), "SCORABLE"),
    "scorable, async": Kind(NEW, (*PYTHON, "scorable", "async"), "SCORABLE", "a"),
    # Node looks for packages beside the program, so nox puts a copy of it there.
    "@root-signals/scorable": Kind(NODE, ("node", "{}/node_sdk.mjs"), "SCORABLE"),
}


def create(peer: Peer, ours: RootSignals) -> None:
    fields = {
        "name": "ours",
        "model": "ollama/llama3",
        "max_output_token_count": 900,
        "max_token_count": 4096,
        "url": "http://gpu-7:11434",
    }

    model_id = peer.call("create", **fields, default_key="sk-secret")

    assert ours.models.retrieve(model_id).model_dump(exclude_unset=True, exclude={"id"}) == fields


def create_by_name_alone(peer: Peer, ours: RootSignals) -> None:
    model = ours.models.retrieve(peer.call("create", name="azure/gpt-4o"))

    assert (model.name, model.model, model.url) == ("azure/gpt-4o", "azure/gpt-4o", None)


def list_every_page(peer: Peer, ours: RootSignals) -> None:
    created = [ours.models.create(name=f"model-{number}") for number in range(250)]
    public = [model.id for model in ours.models.list(limit=None) if model.id not in created]

    listed = peer.call("list", limit=1000)

    assert [model["id"] for model in listed] == created[::-1] + public
    assert listed[0]["name"] == "model-249"


def list_by_capability(peer: Peer, ours: RootSignals) -> None:
    listed = peer.call("list", capable_of=["image", "tools"], limit=5)

    assert [model["id"] for model in listed] == [model.id for model in ours.models.list(limit=5)]


def delete(peer: Peer, ours: RootSignals) -> None:
    kept, deleted = (ours.models.create(name=name) for name in ("kept", "deleted"))

    peer.call("delete", deleted)

    assert ours.models.retrieve(kept).name == "kept"
    with pytest.raises(NotFoundError):
        ours.models.retrieve(deleted)


def tell_that_a_model_is_gone(peer: Peer, ours: RootSignals) -> None:
    model_id = ours.models.create(name="ours")
    ours.models.delete(model_id)

    expect_status(404, peer, "delete", model_id)


def tell_what_was_wrong(peer: Peer, ours: RootSignals) -> None:
    expect_status(400, peer, "create", name="\t")


def expect_status(
    status: int, peer: Peer, method: str, *positional: object, **named: object
) -> None:
    """Expect that a call fails, and that its error has the status."""
    try:
        peer.call(method, *positional, **named)
    except CallFailedError as error:
        if error.status != status:
            raise CallFailedError(f"{error} (status {error.status})", error.status) from None
    else:
        pytest.fail("The call did not fail.")


def retrieve(peer: Peer, ours: RootSignals) -> None:
    model_id = ours.models.create(name="ours", max_token_count=4096)

    model = peer.call("retrieve", model_id)

    assert (model["id"], model["max_token_count"]) == (model_id, 4096)


def update(peer: Peer, ours: RootSignals) -> None:
    model_id = ours.models.create(name="ours", max_token_count=4096, url="http://gpu-7:11434")

    peer.call("update", model_id, max_token_count=None)

    model = ours.models.retrieve(model_id)
    assert (model.max_token_count, model.url) == (None, "http://gpu-7:11434")


def replace(peer: Peer, ours: RootSignals) -> None:
    model_id = ours.models.create(name="ours", url="http://gpu-7:11434")

    peer.call("replace", model_id, name="new")

    model = ours.models.retrieve(model_id)
    assert (model.name, model.url) == ("new", None)


def verify(peer: Peer, ours: RootSignals) -> None:
    ours.models.create(name="ours")

    assert peer.call("verify", model="ours")["success"] is True
    assert "not known" in peer.call("verify", model="nobody's")["error"]


def call_otherwise(peer: Peer, ours: RootSignals) -> None:
    ours.models.retrieve(peer.call_otherwise("create", name="ours"))


@dataclass(frozen=True)
class Row:
    """What is tried, at an emulator that gives `next` in which form, and how calls are made."""

    attempt: Callable[[Peer, RootSignals], None]
    next_style: str = "cursor"
    through: type[Peer] = Peer


ROWS = {
    "create a model": Row(create),
    "create one by its name alone": Row(create_by_name_alone),
    "list every page, `next` being a cursor": Row(list_every_page),
    "list every page, `next` being a URL": Row(list_every_page, "absolute"),
    "list every page, `next` being a path": Row(list_every_page, "relative"),
    "list with `capable_of`": Row(list_by_capability),
    "delete": Row(delete),
    "tell by the status that a model is not there": Row(tell_that_a_model_is_gone),
    "tell by the status that a field is wrong": Row(tell_what_was_wrong),
    "retrieve": Row(retrieve),
    "update some fields": Row(update),
    "replace all fields": Row(replace),
    "verify": Row(verify),
    "retrieve, with the generated client": Row(retrieve, through=Generated),
    "update some fields, with the generated client": Row(update, through=Generated),
    "replace all fields, with the generated client": Row(replace, through=Generated),
    "verify, with the generated client": Row(verify, through=Generated),
    "make blocking and async calls on one client": Row(call_otherwise),
}

PAGE = (HERE.parent / "docs" / "peers.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\|(.*)\|$", PAGE, re.MULTILINE)
COLUMNS, _, *BODY = ([cell.strip() for cell in line.split("|")] for line in LINES)
TOLD = {title: dict(zip(COLUMNS[1:], cells, strict=True)) for title, *cells in BODY}
# What the error has to say for it to be the one that the page explains.
REASONS = dict(re.findall(r"^(\d)\. `([^`]+)`", PAGE, re.MULTILINE))


def test_the_page_lists_what_is_tried() -> None:
    """The table of docs/peers.md has the rows and columns of this module, in this order."""
    assert list(TOLD) == list(ROWS)
    assert COLUMNS[1:] == list(PEERS)
    assert {cell for cells in TOLD.values() for cell in cells.values()} == {
        "yes",
        "",
        *(f"no ({number})" for number in REASONS),
    }


@pytest.fixture(scope="module")
def emulators() -> Iterator[dict[str, Server]]:
    with (
        serve(next_style="absolute") as absolute,
        serve(next_style="relative") as relative,
        serve(next_style="cursor") as cursor,
    ):
        yield {"absolute": absolute, "relative": relative, "cursor": cursor}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("title", [title for title in ROWS if title in TOLD])
def test_peer(name: str, title: str, emulators: dict[str, Server]) -> None:
    """A peer can do what the page says, and fails at the rest for the reason given there."""
    kind, row, told = PEERS[name], ROWS[title], TOLD[title][name]
    if not told:
        pytest.skip("There is no such call.")
    if kind.installed not in os.environ:
        pytest.skip(f"{name} is not installed: `nox -s peers` tells why.")
    server = emulators[row.next_style]
    # Nobody else's models, however the tests are ordered.
    key = server.add_key()
    command = [part.format(os.environ[kind.installed]) for part in kind.command]
    environment = {f"{kind.variables}_API_URL": server.url, f"{kind.variables}_API_KEY": key}
    with (
        RootSignals(api_key=key, base_url=server.url) as ours,
        subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        peer = row.through(process, kind.prefix)
        if told == "yes":
            row.attempt(peer, ours)
        else:
            reason = REASONS[told.removeprefix("no (").removesuffix(")")]
            with pytest.raises(CallFailedError, match=re.escape(reason)):
                row.attempt(peer, ours)
