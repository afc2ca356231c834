"""The tutorial, and what a real kernel shows of our objects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_secrets import DEFAULT_KEY, KEY, assert_hidden

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial.ipynb"

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
    """Executes a notebook in a kernel of its own, and returns the outputs of its cells by id."""
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
    """Return an output as text."""
    return "".join(output.get("data", {}).get("text/plain", ""))


def test_tutorial(outputs: Any) -> None:
    """Each cell of the tutorial runs, and shows the table that it is there for."""
    for package in ("pandas", "tqdm"):
        pytest.importorskip(package)

    shown = outputs(TUTORIAL.read_text(encoding="utf-8"))

    tables = {
        cell: data["text/html"]
        for cell, said in shown.items()
        for data in [output["data"] for output in said if "data" in output]
        # The text is beside it, for where no HTML is shown.
        if data["text/plain"] and "root-sdk" in "".join(data.get("text/html", ""))
    }
    headings = {
        "client": "Settings",
        "create": "Model",
        "verify": "ModelVerification",
        "listing": "AsyncPager",
        "page": "Page of 5 models",
        "many": "NotFoundError",
        "plan": "AsyncPlan",
        "apply": "ApplyResult",
        "error": "NotFoundError",
        "check": "Report",
    }
    assert list(tables) == list(headings)
    for cell, heading in headings.items():
        assert f">{heading}<" in "".join(tables[cell])
    assert '<th scope="row">success</th><td>true</td>' in "".join(tables["verify"])
    # Nothing among what a notebook shows as errors, and of each bar the last state alone.
    assert "stream" not in {output["output_type"] for said in shown.values() for output in said}
    bars = {
        cell: [text for output in said if ("it/s" in (text := plain(output)))]
        for cell, said in shown.items()
    }
    creating, deleting = bars["many"]
    assert creating.startswith("Creating: 100%")
    assert "40/40" in creating
    assert deleting.startswith("Deleting: 100%")
    assert deleting.endswith("1 failed]")
    (applying,) = bars["apply"]
    assert "4/4" in applying
    assert "default_key: set" in "".join(tables["plan"])
    assert "the key at the provider" not in json.dumps(shown)


def test_tutorial_is_committed_without_outputs() -> None:
    """What the tutorial shows is made anew by whoever runs it."""
    for cell in json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_a_raised_error(outputs: Any) -> None:
    """An error that nobody catches shows its sentence below the cell, and no key."""
    setup = f"""
import os
from root import RootSignals
from root.emulator import serve
os.environ["ROOTSIGNALS_API_KEY"] = {KEY!r}
of_the_provider = {DEFAULT_KEY!r}
serving = serve()
client = RootSignals(base_url=serving.__enter__().url)
"""
    cells = [
        ("setup", setup),
        ("raised", "client.models.create(name='a', default_key=of_the_provider)"),
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

    shown = outputs(json.dumps(notebook), "--allow-errors")

    assert shown["setup"] == []
    (error,) = shown["raised"]
    assert error["ename"] == "PermissionDeniedError"
    assert "Check that the API key is right" in error["evalue"]
    assert_hidden("".join(error["traceback"]))
