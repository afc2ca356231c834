"""The modules that are loaded, step by step, from `import root` to a first call.

Modules of other packages and of the standard library are recorded by their top-level name, each
with the first step that loads it; of `root`'s own only the number is, as an upper bound that may
be raised by hand, since their names are private. To record a change of the others:
`python -m tests.pins.test_modules`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import root
from root.emulator import Server, serve

from .record import Record, as_json

COMMAND = "tests.pins.test_modules"
MODULES = Record("modules.json", COMMAND)

MAX_OF_ROOT = {
    "import root": 2,
    "import the clients": 10,
    "make a client": 40,
    "client.models": 54,
    "a first call": 68,
}
"""The number of modules of `root` that may be imported by then."""

PROGRAM = """
import sys
before = set(sys.modules)
steps = {}

def seen(step):
    loaded = set(sys.modules) - before
    before.update(loaded)
    ours = [name for name in loaded if name.partition(".")[0] == "root"]
    others = {name.partition(".")[0] for name in loaded - set(ours)}
    known = {name.partition(".")[0] for name in before - loaded}
    steps[step] = {"root": len(ours), "others": sorted(others - known)}

import root
seen("import root")
from root import RootSignals, AsyncRootSignals
seen("import the clients")
client = CLIENT(sys.argv[1], base_url=sys.argv[2])
seen("make a client")
models = client.models
seen("client.models")
CALL
seen("a first call")
import json
print(json.dumps(steps))
"""

BLOCKING_CALL = "client.models.retrieve(sys.argv[3]); client.close()"
# asyncio is the program's own choice, and counts among what it had before.
ASYNC_CALL = """
async def call():
    await client.models.ARETRIEVE(sys.argv[3])
    await client.aclose()
asyncio.run(call())
"""

PROGRAMS = {
    "RootSignals": ("RootSignals", BLOCKING_CALL),
    "RootSignals, twins": ("RootSignals", ASYNC_CALL.replace("ARETRIEVE", "aretrieve")),
    "AsyncRootSignals": ("AsyncRootSignals", ASYNC_CALL.replace("ARETRIEVE", "retrieve")),
}


def loaded(face: str, server: Server) -> dict[str, Any]:
    """Return what a program of its own loads in each step."""
    client, call = PROGRAMS[face]
    program = PROGRAM.replace("CLIENT", client).replace("CALL", call)
    if face != "RootSignals":
        program = f"import asyncio\n{program}"
    model = server.add_model(name="a")
    done = subprocess.run(
        [sys.executable, "-c", program, server.api_key, server.url, model.id],
        capture_output=True,
        check=True,
        # Measuring coverage loads some modules, too.
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        text=True,
    )
    steps: dict[str, Any] = json.loads(done.stdout)
    return steps


def others(steps: dict[str, Any]) -> dict[str, list[str]]:
    """Return the public modules that are not ours, by step."""
    return {
        step: [name for name in seen["others"] if not name.startswith("_")]
        for step, seen in steps.items()
    }


@pytest.mark.parametrize("face", PROGRAMS)
def test_modules(face: str, emulator: Server) -> None:
    """Nothing is loaded before the step that it is recorded for, and of `root` not much."""
    steps = loaded(face, emulator)

    recorded = json.loads(MODULES.read())
    allowed: set[str] = set()
    if list(sys.version_info[:2]) != recorded["python"]:
        # The standard library loads others of its own modules in every release.
        allowed |= sys.stdlib_module_names
    for step, names in others(steps).items():
        allowed |= set(recorded[face][step])
        early = sorted(set(names) - allowed)
        assert not early, f"{step}: {early} are new. If it is intended: python -m {COMMAND}"
    number = 0
    for step, most in MAX_OF_ROOT.items():
        number += steps[step]["root"]
        assert number <= most, f"{number} modules of root are loaded after: {step}"


def test_heavy_modules_come_late() -> None:
    """What takes longest to load is not loaded before it is needed."""
    recorded = json.loads(MODULES.read())
    heavy = {"pydantic", "pydantic_core", "httpx", "httpcore", "anyio", "trio", "asyncio", "yaml"}
    for face in PROGRAMS:
        for step in ("import root", "import the clients", "make a client"):
            assert heavy.isdisjoint(recorded[face][step])
        assert {"httpx", "httpcore", "anyio", "asyncio"}.isdisjoint(recorded[face]["client.models"])


RESOURCES = sorted(
    path.stem
    for path in (Path(root.__file__).parent / "_async" / "resources").iterdir()
    if not path.stem.startswith("_") and path.stem != "model_sets"
)
SHARED_SCHEMAS = {"base", "cursors", "meta", "pages", "requests"}
"""The modules of schemas that are those of no resource."""

# Evaluators are listed with their objectives.
SCHEMAS = {
    "models": {"models"},
    "evaluators": {
        *("evaluators", "evaluator_settings", "executions", "calibrations", "presets"),
        *("acting", "objectives", "queries"),
    },
}
"""The further modules of schemas that a call to a resource may load."""

FIRST_CALLS = {
    "models": "models.list(limit=1)",
    "evaluators": "evaluators.run(client.evaluators.Relevance.id, response='a')",
}
OURS = """
import json, sys
from root import RootSignals, AsyncRootSignals
CALL
print(json.dumps([name for name in sys.modules if name.partition(".")[0] == "root"]))
"""
BLOCKING = """
with RootSignals(sys.argv[1], base_url=sys.argv[2]) as client:
    found = client.CALL
    list(found) if hasattr(found, "pages") else found
"""
ASYNC = """
import asyncio
async def call():
    async with AsyncRootSignals(sys.argv[1], base_url=sys.argv[2]) as client:
        found = client.CALL
        [one async for one in found] if hasattr(found, "pages") else await found
asyncio.run(call())
"""


@pytest.mark.parametrize("resource", FIRST_CALLS)
@pytest.mark.parametrize("program", [BLOCKING, ASYNC], ids=["blocking", "async"])
def test_other_resources(program: str, resource: str, emulator: Server) -> None:
    """A first call loads the modules of its own resource, and of no other one."""
    code = OURS.replace("CALL", program.replace("CALL", FIRST_CALLS[resource]))
    done = subprocess.run(
        [sys.executable, "-c", code, emulator.api_key, emulator.url],
        capture_output=True,
        check=True,
        text=True,
    )
    names = [name.split(".")[1:] for name in json.loads(done.stdout)]
    assert any(resource in name for name in names)
    others = set(RESOURCES) - {resource}
    assert not [name for name in names if name[:1] != ["_schemas"] and others & {*name}]
    schemas = {name[1] for name in names if name[:1] == ["_schemas"] and len(name) > 1}
    assert schemas <= SHARED_SCHEMAS | SCHEMAS[resource]


def test_import_of_the_package() -> None:
    """Importing the package loads no resource."""
    code = "import sys, root; print(*[name for name in sys.modules if name[:5] == 'root.'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() in ([], ["root.__about__"])


def observe() -> dict[str, Any]:
    """Return what is loaded in each step, on each face."""
    with serve() as server:
        seen = {face: others(loaded(face, server)) for face in PROGRAMS}
    return {"python": list(sys.version_info[:2]), **seen}


if __name__ == "__main__":
    MODULES.write(as_json(observe(), 2))
