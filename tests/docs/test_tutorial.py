"""The tutorial notebook, executed in a real kernel, and the display of errors there.

To record its outputs in docs/tutorial.ipynb: `python -m tests.docs.test_tutorial`. Review them in
the diff.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.secrets.leaks import KEY, PROVIDER_KEY, assert_hidden

from .blocks import TUTORIAL
from .notebook import code_cells, comparable, execute, published, without_machine

pytestmark = pytest.mark.notebook


@pytest.fixture(autouse=True)
def jupyter() -> None:
    """Skip the tests if Jupyter is missing."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")


def outputs(notebook: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the outputs of the cells of a notebook by ID."""
    return {name: cell["outputs"] for name, cell in code_cells(notebook).items()}


def plain(output: dict[str, Any]) -> str:
    """Return the text of an output."""
    return "".join(output.get("text", output.get("data", {}).get("text/plain", "")))


def test_outputs_are_current(tmp_path: Path) -> None:
    """The committed outputs are those of an execution, except for ports, IDs and times."""
    for package in ("pandas", "tqdm"):
        pytest.importorskip(package)
    text = TUTORIAL.read_text(encoding="utf-8")

    executed = outputs(execute(text, tmp_path))

    for name, committed in outputs(json.loads(text)).items():
        assert comparable(executed[name]) == comparable(committed), name


def test_outputs_have_nothing_of_a_machine() -> None:
    """The committed outputs have no path, key or kernel of the machine that executed them."""
    for name, committed in outputs(json.loads(TUTORIAL.read_text(encoding="utf-8"))).items():
        assert without_machine(committed) == committed, name
        assert "site-packages" not in json.dumps(committed), name


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("at http://127.0.0.1:4711 in 3.5 ms", "at http://127.0.0.1:1147 in 12 ms", True),
        ("9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10", "82abc846-e6ed-4d0f-8abe-907bea6bc874", True),
        ("40/40 [00:00<00:00, 799.03it/s]", "40/40 [00:00<00:00, 12.3it/s]", False),
        ("|###| 40/40 [00:00<00:00, 799.03it/s]", "|##| 40/40 [00:01<00:00, 12.3it/s]", True),
        ("|##| 40/40 [00:00<00:00, 7it/s, 1 failed]", "|##| 40/40 [00:00<00:00, 7it/s]", False),
        ("score=0.62", "score=0.63", False),
        ("2026-11-26T23:52:54.952042Z", "2027-01-02T03:04:05Z", True),
    ],
)
def test_comparison(one: str, other: str, is_same: bool) -> None:
    """Outputs of two runs are the same if only ports, IDs and times differ."""
    assert (comparable(one) == comparable(other)) is is_same


def test_tutorial() -> None:
    """Each cell of the tutorial displays its table, bar or text."""
    displayed = outputs(json.loads(TUTORIAL.read_text(encoding="utf-8")))

    tables = {
        cell: "".join(data["text/html"])
        for cell, results in displayed.items()
        for data in [output["data"] for output in results if "data" in output]
        # The text is displayed where HTML is not.
        if data["text/plain"] and "root-sdk" in "".join(data.get("text/html", ""))
    }
    headings = {
        "client": "Settings",
        "evaluate": "EvaluatorExecutionResult",
        "create": "Model",
        "verify": "ModelVerification",
        "listing": "AsyncPager",
        "page": "Page of 5 models",
        "plan": "AsyncPlan",
        "apply": "ApplyResult",
        "check": "Report",
    }
    assert list(tables) == list(headings)
    for cell, heading in headings.items():
        assert f">{heading}<" in tables[cell]
    assert '<th scope="row">success</th><td>true</td>' in tables["verify"]
    assert "default_key: set" in tables["plan"]
    # Notebooks highlight the error stream.
    assert "stderr" not in {
        output.get("name") for results in displayed.values() for output in results
    }
    # Only the last state of a bar is kept.
    bars = {
        cell: [text for output in results if ("it/s" in (text := plain(output)))]
        for cell, results in displayed.items()
    }
    creating, deleting = bars["many"]
    assert creating.startswith("Creating: 100%")
    assert "40/40" in creating
    assert deleting.startswith("Deleting: 100%")
    assert deleting.endswith("1 failed]")
    (applying,) = bars["apply"]
    assert "4/4" in applying
    for cell, path in (("many", "no-such-id"), ("error", "no-such-model")):
        text = plain(displayed[cell][-1])
        assert f"/v1/models/{path}/" in text
        assert "404" in text
    assert "the key at the provider" not in json.dumps(displayed)


def test_uncaught_error(tmp_path: Path) -> None:
    """An uncaught error is displayed below the cell with its message, and without a key."""
    setup = f"""
import os
from root import RootSignals
from root.emulator import serve
os.environ["ROOTSIGNALS_API_KEY"] = {KEY!r}
provider_key = {PROVIDER_KEY!r}
server = serve().start()
client = RootSignals(base_url=server.url)
"""
    cells = [
        ("setup", setup),
        ("raised", "client.models.create(name='a', default_key=provider_key)"),
    ]
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": name,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for name, source in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }

    displayed = outputs(execute(json.dumps(notebook), tmp_path, "--allow-errors"))

    assert displayed["setup"] == []
    (error,) = displayed["raised"]
    assert error["ename"] == "AuthenticationError"
    assert "Check the API key" in error["evalue"]
    assert_hidden("".join(error["traceback"]))


def record() -> None:
    """Execute the tutorial, and write its outputs where they have changed."""
    text = TUTORIAL.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        executed = execute(text, Path(folder))
    TUTORIAL.write_text(published(json.loads(text), executed), encoding="utf-8")


if __name__ == "__main__":
    record()
