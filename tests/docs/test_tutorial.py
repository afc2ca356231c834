"""The tutorial notebook, executed in a real kernel, and the display of errors there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.secrets.leaks import KEY, PROVIDER_KEY, assert_hidden

from .blocks import TUTORIAL

pytestmark = pytest.mark.notebook

EXECUTE = """
import sys, nbformat, jupyter_client, nbclient
from jupyter_client.kernelspec import KernelSpec

notebook = nbformat.read("notebook.ipynb", 4)
manager = jupyter_client.AsyncKernelManager()
command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
manager._kernel_spec = KernelSpec(argv=command, display_name="Python", language="python")
nbclient.NotebookClient(
    notebook,
    km=manager,
    timeout=60,
    allow_errors=sys.argv[1:] == ["--allow-errors"],
).execute()
nbformat.write(notebook, "notebook.ipynb")
"""


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that executes a notebook, and returns the outputs of its cells by ID."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)

    def execute(notebook: str, *arguments: str) -> dict[str, list[dict[str, Any]]]:
        Path("notebook.ipynb").write_text(notebook, encoding="utf-8")
        command = [sys.executable, "-W", "ignore", "-c", EXECUTE, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        cells = json.loads(Path("notebook.ipynb").read_text(encoding="utf-8"))["cells"]
        return {cell["id"]: cell["outputs"] for cell in cells if cell["cell_type"] == "code"}

    return execute


def plain(output: dict[str, Any]) -> str:
    """Return the text of an output."""
    return "".join(output.get("text", output.get("data", {}).get("text/plain", "")))


def test_tutorial(outputs: Any) -> None:
    """Each cell of the tutorial runs, and displays its table, bar or text."""
    for package in ("pandas", "tqdm"):
        pytest.importorskip(package)

    displayed = outputs(TUTORIAL.read_text(encoding="utf-8"))

    tables = {
        cell: "".join(data["text/html"])
        for cell, results in displayed.items()
        for data in [output["data"] for output in results if "data" in output]
        # The text is displayed where HTML is not.
        if data["text/plain"] and "root-sdk" in "".join(data.get("text/html", ""))
    }
    headings = {
        "client": "Settings",
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


def test_tutorial_has_no_outputs() -> None:
    """The notebook in the repository has no outputs."""
    for cell in json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_uncaught_error(outputs: Any) -> None:
    """An uncaught error is displayed below the cell with its message, and without a key."""
    setup = f"""
import os
from root import RootSignals
from root.emulator import serve
os.environ["ROOTSIGNALS_API_KEY"] = {KEY!r}
provider_key = {PROVIDER_KEY!r}
serving = serve()
client = RootSignals(base_url=serving.__enter__().url)
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

    displayed = outputs(json.dumps(notebook), "--allow-errors")

    assert displayed["setup"] == []
    (error,) = displayed["raised"]
    assert error["ename"] == "AuthenticationError"
    assert "Check the API key" in error["evalue"]
    assert_hidden("".join(error["traceback"]))
