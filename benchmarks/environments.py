"""The virtual environments: one for each client, since two of them have the same import name."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers import BASE, OURS

__all__ = ["ROOT", "environment_of", "prepare", "prepare_base", "versions"]

ROOT = Path(__file__).parents[1]

REQUIREMENTS = {
    "root-signals": ("root-signals==1.6.5",),
    "openai": ("openai==3.54.*",),
    # Without sniffio, which pip does not install, an async call takes a third more CPU time.
    "httpx": ("httpx==0.28.1", "pydantic>=2.9", "sniffio"),
}
"""The packages that are installed for each of the other clients."""


def environment_of(peer: str) -> str:
    """Return the name of the environment that a peer runs in."""
    return {"httpx + pydantic": "httpx", "httpx + its classes": OURS}.get(peer, peer)


def prepare(folder: Path) -> dict[str, Path]:
    """Return the Python of each environment, which is created if it is missing or outdated.

    An environment that cannot be created is reported and left out.
    """
    pythons = {OURS: install_tree(folder)}
    for name, requirements in REQUIREMENTS.items():
        try:
            pythons[name] = create(folder / name, *requirements)
        except (OSError, subprocess.CalledProcessError) as exc:
            print(f"{name} is not compared, since it cannot be installed: {exc}", flush=True)
    return pythons


def prepare_base(folder: Path, commit: str) -> dict[str, Path]:
    """Return the Python of an environment with this tree, and of one with an earlier commit.

    Both have the same versions of all dependencies.
    """
    ours = install_tree(folder)
    git = ("git", "-C", str(ROOT))
    full = subprocess.run(
        (*git, "rev-parse", "--verify", f"{commit}^{{commit}}"),
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    archive = subprocess.run(
        (*git, "archive", "--format=zip", full), capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, full)
        zipfile.ZipFile(io.BytesIO(archive)).extractall(source)
        dependencies = [
            f"{package}=={version}"
            for package, version in versions({OURS: ours})[OURS].items()
            if package not in {"root-sdk", "pip", "setuptools"}
        ]
        stamp = " ".join((full, *dependencies))
        base = create(folder / BASE, *dependencies, str(source), stamp=stamp)
    return {OURS: ours, BASE: base}


def install_tree(folder: Path) -> Path:
    """Install a wheel of the working tree and return the environment's Python."""
    target = f"{ROOT}[emulator]"
    python = create(folder / OURS, target, stamp=(ROOT / "pyproject.toml").read_text())
    # The environment may be older than the tree.
    install(python, "--force-reinstall", "--no-deps", target)
    return python


def create(environment: Path, *requirements: str, stamp: str = "") -> Path:
    """Create an environment unless it exists with the same stamp, and return its Python."""
    windows = sys.platform == "win32"
    python = environment / ("Scripts/python.exe" if windows else "bin/python")
    # Written when the environment is complete.
    marker = environment / "made-from.txt"
    content = stamp or " ".join(requirements)
    if not marker.exists() or marker.read_text() != content:
        print(f"Installing {environment.name}", flush=True)
        subprocess.run((sys.executable, "-m", "venv", "--clear", str(environment)), check=True)
        install(python, *requirements)
        marker.write_text(content)
    return python


def install(python: Path, *requirements: str) -> None:
    """Install packages into an environment."""
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, *requirements), check=True)


def versions(pythons: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Return the versions of the packages in each environment."""
    code = (
        "from importlib.metadata import distributions\n"
        "for d in distributions(): print(d.name, d.version)"
    )
    return {
        name: dict(
            line.split(" ", 1)
            for line in subprocess.run(
                (str(python), "-c", code), capture_output=True, check=True, text=True
            ).stdout.splitlines()
        )
        for name, python in pythons.items()
    }
