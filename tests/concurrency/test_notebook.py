"""Blocking and async calls in the cells of a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.echo_server import EchoServer

from .helpers import HANG, KEY, wait_until_blocking

pytestmark = pytest.mark.notebook

CELLS = [
    "from root import AsyncRootSignals, RootSignals\nclient = RootSignals(KEY, base_url=URL)",
    "assert client.models.retrieve('blocking').id == 'blocking'",
    "assert (await client.models.aretrieve('twin')).id == 'twin'",
    "native = AsyncRootSignals(KEY, base_url=URL)\n(await native.models.retrieve('native')).id",
    "import asyncio\n"
    "models = await asyncio.gather(*(native.models.retrieve(str(n)) for n in range(20)))\n"
    "[model.id for model in models] == [str(n) for n in range(20)]",
    # How a notebook runs an event loop of its own.
    "import threading\n"
    "thread = threading.Thread(target=asyncio.run, args=(native.models.retrieve('thread'),))\n"
    "thread.start()\nthread.join()",
    "client.models.retrieve('blocking').id",
    "await client.aclose()\nawait native.aclose()",
]


@pytest.mark.slow
def test_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, which has a running loop, blocking and async calls work in every cell."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    with EchoServer() as server:
        cells = [f"KEY, URL = {KEY!r}, {server.url!r}", *CELLS]
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
        )
        nbformat.write(notebook, tmp_path / "notebook.ipynb")
        program = (
            "import sys, nbformat, jupyter_client, nbclient\n"
            "from jupyter_client.kernelspec import KernelSpec\n"
            "notebook = nbformat.read('notebook.ipynb', 4)\n"
            "manager = jupyter_client.AsyncKernelManager()\n"
            "manager._kernel_spec = KernelSpec(argv=[sys.executable, '-X', 'dev', '-W', 'ignore',"
            " '-W', 'always::ResourceWarning', '-m', 'ipykernel_launcher', '-f',"
            " '{connection_file}'], display_name='Python', language='python')\n"
            "nbclient.NotebookClient(notebook, km=manager, timeout=120).execute()\n"
            "nbformat.write(notebook, 'notebook.ipynb')\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=5 * HANG,
        )
        assert done.returncode == 0, done.stderr
        wait_until_blocking(lambda: server.open == 0)
        assert len(server.connections_with("blocking")) == 1
        assert set(server.names) == {"blocking", "twin", "native", "thread", *map(str, range(20))}
    outputs = [
        output
        for cell in nbformat.read(tmp_path / "notebook.ipynb", 4).cells
        for output in cell.outputs
    ]
    assert [output.data["text/plain"] for output in outputs if "data" in output] == [
        "'native'",
        "True",
        "'blocking'",
    ]
    # A kernel prints other things about itself.
    streams = "".join(output.text for output in outputs if output.output_type == "stream")
    for problem in ("loop is closed", "ResourceWarning", "root/", "never"):
        assert problem not in streams
        assert problem not in done.stderr
