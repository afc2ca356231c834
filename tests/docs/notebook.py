"""Execution of notebooks in a real kernel, and comparison of their outputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["code_cells", "comparable", "execute", "published", "without_machine"]

_EXECUTE = """
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
    record_timing=False,
    allow_errors=sys.argv[1:] == ["--allow-errors"],
).execute()
nbformat.write(notebook, "notebook.ipynb")
"""

_JUPYTER = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")

# What the machine determines, and what a reader of the committed outputs sees in its place.
_MACHINE = (
    (r"authorities of [^<\"']+cacert\.pem", "authorities of .../certifi/cacert.pem"),
    (r"Linux [\w.+-]+ (\w+)", r"Linux 6.12.0 \1"),
)

# What differs between two runs, or between versions of other packages.
_VARYING = (
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"sha256:[0-9a-f]{8}", "HASH"),
    (r"root [\w.+]+, Python [^<']+", "VERSIONS"),
    (r"\d+(\.\d+)? m?s\b", "DURATION"),
    (r"seconds=[\d.e-]+", "seconds=DURATION"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?", "TIME"),
    # The bar itself is drawn in the width of the terminal.
    (r"\|[^|]*\| (\d+/\d+) \[[^,\]]*,[^,\]]*", r"| \1 [SPEED"),
    (r"\s+", " "),
)


def execute(notebook: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """Return an executed notebook. The kernel has none of the user's settings.

    Args:
        notebook: The notebook.
        folder: The working directory.
        arguments: `--allow-errors` if cells may raise errors.
    """
    (folder / "notebook.ipynb").write_text(notebook, encoding="utf-8")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROOTSIGNALS_", "SCORABLE_", "SSL_CERT_"))
        and not name.lower().endswith("_proxy")
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _EXECUTE, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=environment | {name: str(folder / name) for name in _JUPYTER},
    )
    assert done.returncode == 0, done.stderr
    executed: dict[str, Any] = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    return executed


def code_cells(notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the cells with code by ID."""
    return {cell["id"]: cell for cell in notebook["cells"] if cell["cell_type"] == "code"}


def comparable(outputs: object) -> str:
    """Return outputs as a text that is the same in each run."""
    text = json.dumps(outputs, ensure_ascii=False, sort_keys=True)
    # The metadata of an output names the kernel's counter.
    text = re.sub(r'"execution_count": \d+, ', "", text.replace("\\n", " "))
    for pattern, word in (*_MACHINE, *_VARYING):
        text = re.sub(pattern, word, text)
    return text


def without_machine(outputs: Any) -> Any:
    """Return outputs without what the machine that executed the notebook determines."""
    text = json.dumps(outputs, ensure_ascii=False)
    for pattern, word in _MACHINE:
        text = re.sub(pattern, word, text)
    return json.loads(text)


def published(committed: dict[str, Any], executed: dict[str, Any]) -> str:
    """Return the committed notebook with the outputs of an execution, where they have changed."""
    outputs = code_cells(executed)
    for number, (name, cell) in enumerate(code_cells(committed).items(), 1):
        cell["execution_count"] = number
        if comparable(cell["outputs"]) != comparable(outputs[name]["outputs"]):
            cell["outputs"] = without_machine(outputs[name]["outputs"])
    return json.dumps(committed, indent=1, ensure_ascii=False) + "\n"
