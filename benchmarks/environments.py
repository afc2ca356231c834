"""An environment for every client: two have the same import name, and each brings its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["ENVIRONMENTS", "HOMES", "ROOT", "prepare", "versions"]

ROOT = Path(__file__).parents[1]

ENVIRONMENTS = {
    "root-sdk": ("-e", str(ROOT)),
    "root-sdk-extras": ("-e", f"{ROOT}[aiohttp,http2]", "uvloop"),
    "root-sdk-emulator": ("-e", f"{ROOT}[emulator]"),
    "root-sdk-cli": ("-e", f"{ROOT}[cli]"),
    "root-signals": ("root-signals==1.6.5",),
    "openai": ("openai==3.54.*",),
    # As it is installed, it has no sniffio, which costs its async calls dearly.
    "httpx": ("httpx==0.28.1", "pydantic>=2.9"),
    "httpx-sniffio": ("httpx==0.28.1", "sniffio"),
}
"""What is installed in each environment, from PyPI but for this SDK."""

HOMES = {
    "root-sdk": "root-sdk",
    "root-sdk, 1,000 connections": "root-sdk",
    "root-sdk over aiohttp": "root-sdk-extras",
    "root-sdk over HTTP/2": "root-sdk-extras",
    "root-signals --help": "root-sdk-cli",
    "root-signals models --help": "root-sdk-cli",
    "root-signals models list --help": "root-sdk-cli",
    "root-signals config --help": "root-sdk-cli",
    "bare Typer": "root-sdk-cli",
    "bare Typer, plain help": "root-sdk-cli",
    "root-signals": "root-signals",
    "openai": "openai",
    "httpx": "httpx",
    "httpx + sniffio": "httpx-sniffio",
    "httpx + pydantic": "httpx",
    "http.client": "root-sdk",
    "asyncio streams": "root-sdk",
}
"""The environment that each peer lives in."""


def python_of(folder: Path, environment: str) -> Path:
    """Return where an environment's Python is."""
    return (
        folder / environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    )


def prepare(folder: Path) -> dict[str, Path]:
    """Make the environments that are missing or old, and return the Python of each.

    One that cannot be made is reported and left out.
    """
    made = {}
    for name, requirements in ENVIRONMENTS.items():
        python = python_of(folder, name)
        # What it was made from, written when it is complete.
        made_from = folder / name / "made-from.txt"
        wanted = f"{' '.join(requirements)}\n{(ROOT / 'pyproject.toml').read_text()}"
        if not made_from.exists() or made_from.read_text() != wanted:
            print(f"installing {name}", flush=True)
            try:
                install(folder / name, python, requirements)
            except (OSError, subprocess.CalledProcessError) as exc:
                print(f"{name} is missing from the comparison: {exc}", flush=True)
                continue
            made_from.write_text(wanted)
        made[name] = python
    return made


def install(folder: Path, python: Path, requirements: tuple[str, ...]) -> None:
    """Make one environment."""
    subprocess.run((sys.executable, "-m", "venv", "--clear", str(folder)), check=True)
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, *requirements), check=True)


def versions(pythons: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Return the versions of what is installed in each environment."""
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
