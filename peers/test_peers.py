"""Tests of the official SDKs against the emulator, with the results that docs/peers.md lists.

Run them with `nox -s peers`, which installs each SDK in a separate environment.
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
    """A call failed in the SDK, with this message and status."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class Peer:
    """A subprocess that makes calls with an SDK.

    Args:
        process: The running program, `python_sdk.py` or `node_sdk.mjs`.
        prefix: The prefix of the SDK's methods, `a` where they are async.
    """

    def __init__(self, process: subprocess.Popen[str], prefix: str) -> None:
        self._process = process
        self._prefix = prefix

    def call(self, method: str, *positional: object, **named: object) -> Any:
        """Call a method, in its async form if the SDK runs async, and return the result.

        Raises:
            CallFailedError: The SDK raised an error.
        """
        resource, dot, name = method.rpartition(".")
        # The evaluators of the service have one name for both forms.
        prefix = "" if name[0].isupper() else self._prefix
        return self.send(f"{resource}{dot}{prefix}{name}", *positional, **named)

    def call_other_form(self, method: str, *positional: object, **named: object) -> Any:
        """Call the blocking method if the SDK runs async, and the async one if it does not."""
        other = method if self._prefix else f"a{method}"
        return self.send(other, *positional, **named)

    def send(self, method: str, *positional: object, **named: object) -> Any:
        """Send a call to the subprocess, with the method's full name, and return the result."""
        assert self._process.stdin
        assert self._process.stdout
        call = {"method": method, "positional": positional, "named": named}
        print(json.dumps(call), file=self._process.stdin, flush=True)
        outcome = json.loads(self._process.stdout.readline())
        if "error" in outcome:
            raise CallFailedError(outcome["error"], outcome["status"])
        return outcome["value"]


class GeneratedClient(Peer):
    """The same subprocess, called through the generated client on which the SDK is built."""

    # The generated method, and its argument for the fields of the model.
    METHODS: ClassVar = {
        "retrieve": ("models_retrieve", ""),
        "update": ("models_partial_update", "patched_model_request"),
        "replace": ("models_update", "model_request"),
        "verify": ("models_verify_create", "model_test_request_request"),
    }

    def call(self, method: str, *positional: object, **named: object) -> Any:
        """Call a method with the name and arguments that the generated client has for it."""
        name, fields_argument = self.METHODS[method]
        arguments: dict[str, object] = {fields_argument: named} if fields_argument else {}
        if positional:
            (arguments["id"],) = positional
        return self.send(name, **arguments)


@dataclass(frozen=True)
class SDK:
    """How to start and call an SDK.

    Attributes:
        location: The environment variable in which `nox -s peers` gives the place of the SDK: an
            interpreter, or the folder with the package.
        command: The command line, with braces for that place.
        variable_prefix: The prefix of the environment variables for base URL and key.
        method_prefix: The prefix of the SDK's methods.
    """

    location: str
    command: tuple[str, ...]
    variable_prefix: str
    method_prefix: str = ""


# Isolated (-I): PYTHONPATH could replace the SDK's `root` by the one of this project.
PYTHON = ("{}", "-I", str(HERE / "python_sdk.py"))
OLD, NEW, NODE = "PEERS_ROOT_SIGNALS", "PEERS_SCORABLE", "PEERS_NODE"
SDKS = {
    "root-signals": SDK(OLD, (*PYTHON, "root", "sync"), "ROOTSIGNALS"),
    "root-signals, async": SDK(OLD, (*PYTHON, "root", "async"), "ROOTSIGNALS", "a"),
    "scorable": SDK(NEW, (*PYTHON, "scorable", "sync"), "SCORABLE"),
    "scorable, async": SDK(NEW, (*PYTHON, "scorable", "async"), "SCORABLE", "a"),
    # Node looks for packages beside the program, so nox copies the program into their folder.
    "@root-signals/scorable": SDK(NODE, ("node", "{}/node_sdk.mjs"), "SCORABLE"),
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


def create_with_name_only(peer: Peer, ours: RootSignals) -> None:
    model = ours.models.retrieve(peer.call("create", name="azure/gpt-4o"))

    assert (model.name, model.model, model.url) == ("azure/gpt-4o", "azure/gpt-4o", None)


def list_all_pages(peer: Peer, ours: RootSignals) -> None:
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


def report_missing_model(peer: Peer, ours: RootSignals) -> None:
    model_id = ours.models.create(name="ours")
    ours.models.delete(model_id)

    expect_status(404, peer, "delete", model_id)


def report_invalid_field(peer: Peer, ours: RootSignals) -> None:
    expect_status(400, peer, "create", name="\t")


def expect_status(
    status: int, peer: Peer, method: str, *positional: object, **named: object
) -> None:
    """Check that a call fails, and that its error has this status."""
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
    assert "is unknown" in peer.call("verify", model="nobody's")["error"]


def call_both_forms(peer: Peer, ours: RootSignals) -> None:
    ours.models.retrieve(peer.call_other_form("create", name="ours"))


ASKED = {"request": "Where is it?", "response": "Here it is.", "tags": ["ours"]}
RELEVANCE = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"


def run_preset(peer: Peer, ours: RootSignals) -> None:
    result = peer.call("evaluators.Relevance", response="Here it is.", request="Where is it?")

    assert result["evaluator_name"] == "Relevance"
    log = ours.execution_logs.get(log_id=result["execution_log_id"])
    assert log.score == pytest.approx(result["score"])


def run_evaluators(peer: Peer, ours: RootSignals) -> None:
    by_id = peer.call("evaluators.run", RELEVANCE, **ASKED)
    by_name = peer.call("evaluators.run_by_name", "Relevance", **ASKED)

    assert by_id["score"] == by_name["score"]
    assert len(list(ours.execution_logs.list(tags=["ours"]))) == 2


def create_evaluator(peer: Peer, ours: RootSignals) -> None:
    created = peer.call(
        "evaluators.create", "Is {{response}} kind?", name="Ours", intent="Kind", model="gpt-4o"
    )

    evaluator = ours.evaluators.get(created["id"])
    assert (evaluator.name, evaluator.models) == ("Ours", ["gpt-4o"])
    assert evaluator.scoring_criteria == "Is {{response}} kind?"


def read_evaluators(peer: Peer, ours: RootSignals) -> None:
    evaluator = ours.evaluators.create("Is {{response}} kind?", name="Ours")

    assert peer.call("evaluators.get", evaluator.id)["version_id"] == evaluator.version_id
    assert peer.call("evaluators.get_by_name", "Ours")["id"] == evaluator.id
    assert [one["id"] for one in peer.call("evaluators.list", "Ours")] == [evaluator.id]


def update_evaluator(peer: Peer, ours: RootSignals) -> None:
    evaluator = ours.evaluators.create("Is {{response}} kind?", name="Ours")

    peer.call("evaluators.update", evaluator.id, name="Theirs")

    assert ours.evaluators.get(evaluator.id).name == "Theirs"
    assert len(peer.call("evaluators.versions.list", evaluator.id)["results"]) == 2


def delete_evaluator(peer: Peer, ours: RootSignals) -> None:
    evaluator = ours.evaluators.create("Is {{response}} kind?", name="Ours")

    peer.call("evaluators.delete", evaluator.id)

    with pytest.raises(NotFoundError):
        ours.evaluators.get(evaluator.id)


def calibrate(peer: Peer, ours: RootSignals) -> None:
    evaluator = ours.evaluators.create("Is {{response}} kind?", name="Ours")

    rows = peer.call("evaluators.calibrate_existing", evaluator.id, test_data=[["0.5", "Yes."]])

    assert [row["result"]["expected_score"] for row in rows] == [0.5]


def work_with_objectives(peer: Peer, ours: RootSignals) -> None:
    created = peer.call("objectives.create", intent="Kind")["id"]

    assert ours.objectives.get(created).intent == "Kind"
    assert peer.call("objectives.get", created)["intent"] == "Kind"
    peer.call("objectives.update", created, intent="Kinder")
    assert ours.objectives.get(created).intent == "Kinder"
    peer.call("objectives.delete", created)
    assert not list(ours.objectives.list(intent="Kinder"))


def list_objectives(peer: Peer, ours: RootSignals) -> None:
    created = ours.objectives.create(intent="Kind")

    assert [one["id"] for one in peer.call("objectives.list", limit=1)] == [created.id]


def generate_judge(peer: Peer, ours: RootSignals) -> None:
    generated = peer.call("judges.generate", intent="Answers questions about our refunds.")

    assert ours.judges.get(generated["judge_id"]).evaluators


def new_judge(ours: RootSignals) -> str:
    """Create a judge, and return its ID."""
    references = [{"id": RELEVANCE}]
    return ours.judges.create(name="Ours", intent="Kind", evaluator_references=references).id


def create_judge(peer: Peer, ours: RootSignals) -> None:
    judge = peer.call(
        "judges.create", name="Ours", intent="Kind", evaluator_references=[{"id": RELEVANCE}]
    )

    evaluators = ours.judges.get(judge["id"]).evaluators or []
    assert [evaluator.id for evaluator in evaluators] == [RELEVANCE]


def read_judges(peer: Peer, ours: RootSignals) -> None:
    judge = new_judge(ours)

    assert peer.call("judges.get", judge)["name"] == "Ours"
    assert judge in [one["id"] for one in peer.call("judges.list", limit=5)]


def update_judge(peer: Peer, ours: RootSignals) -> None:
    judge = new_judge(ours)

    peer.call("judges.update", judge, name="Theirs")

    assert ours.judges.get(judge).name == "Theirs"


def run_judges(peer: Peer, ours: RootSignals) -> None:
    judge = new_judge(ours)

    by_id = peer.call("judges.run", judge, **ASKED)
    by_name = peer.call("judges.run_by_name", "Ours", **ASKED)

    assert [one["evaluator_name"] for one in by_id["evaluator_results"]] == ["Relevance"]
    assert by_id["evaluator_results"][0]["score"] == by_name["evaluator_results"][0]["score"]


def delete_judge(peer: Peer, ours: RootSignals) -> None:
    judge = new_judge(ours)

    peer.call("judges.delete", judge)

    with pytest.raises(NotFoundError):
        ours.judges.get(judge)


def create_dataset(peer: Peer, ours: RootSignals) -> None:
    created = peer.call("datasets.create", name="Ours", path=__file__)

    assert ours.datasets.get(created["id"]).name == "Ours"


def read_datasets(peer: Peer, ours: RootSignals) -> None:
    dataset = ours.datasets.create(name="Ours").id

    assert peer.call("datasets.get", dataset)["name"] == "Ours"
    assert [one["id"] for one in peer.call("datasets.list", "Ours")] == [dataset]
    peer.call("datasets.delete", dataset)
    assert not list(ours.datasets.list("Ours"))


def read_logs(peer: Peer, ours: RootSignals) -> None:
    result = ours.evaluators.run(RELEVANCE, response="Yes.", contexts=["No."], tags=["ours"])

    (found,) = peer.call("execution_logs.list", tags=["ours"], include=["evaluation_context"])
    assert found["id"] == result.execution_log_id
    assert found["evaluation_context"]["contexts"] == ["No."]
    log = peer.call("execution_logs.get", log_id=result.execution_log_id)
    assert log["score"] == pytest.approx(result.score)


def work_with_projects(peer: Peer, ours: RootSignals) -> None:
    created = peer.call("projects.create", name="Ours")["id"]

    assert created in [one["id"] for one in peer.call("projects.list")]
    assert peer.call("projects.retrieve", created)["name"] == "Ours"
    peer.call("projects.update", created, name="Theirs")
    assert ours.projects.retrieve(created).name == "Theirs"
    peer.call("projects.delete", created)
    with pytest.raises(NotFoundError):
        ours.projects.retrieve(created)


@dataclass(frozen=True)
class Task:
    """A row of the table in docs/peers.md.

    Attributes:
        attempt: Does the task with the peer and checks the result with this project's client.
        next_style: The form that `next` has in the emulator's listings.
        peer_type: How calls are made.
    """

    attempt: Callable[[Peer, RootSignals], None]
    next_style: str = "cursor"
    peer_type: type[Peer] = Peer


TASKS = {
    "create a model": Task(create),
    "create a model with a name only": Task(create_with_name_only),
    "list all pages, `next` is a cursor": Task(list_all_pages),
    "list all pages, `next` is a URL": Task(list_all_pages, "absolute"),
    "list all pages, `next` is a path": Task(list_all_pages, "relative"),
    "list with `capable_of`": Task(list_by_capability),
    "delete": Task(delete),
    "report a missing model as status 404": Task(report_missing_model),
    "report an invalid field as status 400": Task(report_invalid_field),
    "retrieve": Task(retrieve),
    "update some fields": Task(update),
    "replace all fields": Task(replace),
    "verify": Task(verify),
    "retrieve, with the generated client": Task(retrieve, peer_type=GeneratedClient),
    "update some fields, with the generated client": Task(update, peer_type=GeneratedClient),
    "replace all fields, with the generated client": Task(replace, peer_type=GeneratedClient),
    "verify, with the generated client": Task(verify, peer_type=GeneratedClient),
    "make blocking and async calls on one client": Task(call_both_forms),
    "run an evaluator of the service": Task(run_preset),
    "run evaluators by ID and by name": Task(run_evaluators),
    "create an evaluator": Task(create_evaluator),
    "retrieve and list evaluators": Task(read_evaluators),
    "update an evaluator, list its versions": Task(update_evaluator),
    "delete an evaluator": Task(delete_evaluator),
    "calibrate an evaluator": Task(calibrate),
    "create, retrieve, update and delete objectives": Task(work_with_objectives),
    "list objectives": Task(list_objectives),
    "generate a judge": Task(generate_judge),
    "create a judge": Task(create_judge),
    "retrieve and list judges": Task(read_judges),
    "update a judge": Task(update_judge),
    "run judges by ID and by name": Task(run_judges),
    "delete a judge": Task(delete_judge),
    "create a data set from a file": Task(create_dataset),
    "retrieve, list and delete data sets": Task(read_datasets),
    "list logs by tag, retrieve one": Task(read_logs),
    "create, list, retrieve, update and delete projects": Task(work_with_projects),
}

PAGE = (HERE.parent / "docs" / "peers.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\|(.*)\|$", PAGE, re.MULTILINE)
COLUMNS, _, *BODY = ([cell.strip() for cell in line.split("|")] for line in LINES)
EXPECTED = {title: dict(zip(COLUMNS[1:], cells, strict=True)) for title, *cells in BODY}
# A part of the error's message for each numbered reason of the page.
REASONS = dict(re.findall(r"^(\d)\. `([^`]+)`", PAGE, re.MULTILINE))


def test_the_page_lists_the_tasks() -> None:
    """The table of docs/peers.md has the rows and columns of this module, in this order."""
    assert list(EXPECTED) == list(TASKS)
    assert COLUMNS[1:] == list(SDKS)
    assert {cell for cells in EXPECTED.values() for cell in cells.values()} == {
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


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize("title", [title for title in TASKS if title in EXPECTED])
def test_peer(name: str, title: str, emulators: dict[str, Server]) -> None:
    """An SDK does a task, or fails with the error of the reason that docs/peers.md gives."""
    sdk, task, expected = SDKS[name], TASKS[title], EXPECTED[title][name]
    if not expected:
        pytest.skip("The SDK has no such call.")
    if sdk.location not in os.environ:
        pytest.skip(f"{name} is not installed; `nox -s peers` prints the reason.")
    server = emulators[task.next_style]
    # A new key has no models, so the order of the tests does not matter.
    key = server.add_key()
    command = [part.format(os.environ[sdk.location]) for part in sdk.command]
    environment = {
        f"{sdk.variable_prefix}_API_URL": server.url,
        f"{sdk.variable_prefix}_API_KEY": key,
    }
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
        peer = task.peer_type(process, sdk.method_prefix)
        if expected == "yes":
            task.attempt(peer, ours)
        else:
            message = REASONS[expected.removeprefix("no (").removesuffix(")")]
            with pytest.raises(CallFailedError, match=re.escape(message)):
                task.attempt(peer, ours)
