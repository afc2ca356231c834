"""What there is to run in this project. `nox` alone runs tests, lint and typing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"  # the first that reads dependency groups with their includes
nox.options.sessions = ["tests", "lint", "typing"]
# Every session installs what it needs, so a kept environment is as right as a new one.
nox.options.reuse_venv = "yes"

HERE = Path(__file__).parent
PROJECT = nox.project.load_toml(HERE / "pyproject.toml")
# Only from its classifiers does anybody know which Pythons the project supports.
SUPPORTED = nox.project.python_versions(PROJECT)
EVERYTHING = f".[{','.join(PROJECT['project']['optional-dependencies'])}]"
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups; pip reads groups itself only since 25.1."""
    return nox.project.dependency_groups(PROJECT, *names)


def find_python(version: str) -> Path | None:
    """Return an interpreter of this version that runs, or None.

    A `python3.12` on the path need not be one: pyenv puts a shim there for every version it has,
    and all but those of the active versions only print an error.
    """
    candidates = [Path(found)] if (found := shutil.which(f"python{version}")) else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    for candidate in candidates:
        done = subprocess.run(
            [candidate, "-c", "import sys; print(*sys.version_info[:2], sep='.')"],
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def make_environment(session: nox.Session, name: str, *requirements: str) -> Path:
    """Return the Python of a new environment that holds these requirements and nothing else."""
    folder = Path(session.create_tmp()).resolve() / name
    session.run("python", "-m", "venv", "--clear", str(folder))
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    session.run(
        *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *requirements,
        external=True,
    )
    return python


def run_tests(session: nox.Session, *groups: str) -> None:
    """Run pytest, with coverage and on several cores unless arguments narrow the run."""
    session.install("-e", EVERYTHING, *group("test", *groups))
    # Much of a run is waiting, and a test that is found slow does not hold up the others.
    everywhere = ["--cov", "--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"]
    session.run("pytest", *(session.posargs or everywhere))


@nox.session
def demo(session: nox.Session) -> None:
    """Register, list, change and delete models on a service of your own, on this machine."""
    session.install(".[emulator]")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the current Python; `nox -s tests -- -k name` runs some of them."""
    run_tests(session, "heavy")


INSTALLED = {version: python for version in SUPPORTED if (python := find_python(version))}

for version, python in INSTALLED.items():
    on_version = nox.session(name=f"tests-{version}", python=str(python))(
        lambda session: run_tests(session)
    )
    on_version.__doc__ = f"Run the tests on Python {version}."


@nox.session
def forward(session: nox.Session) -> None:
    """Run the tests where the client is to work next: httpx2 in httpx's place, and trio."""
    session.install("-e", EVERYTHING, "httpx2", *group("test"))
    for program in ("on_httpx2", "on_trio"):
        session.run("python", f"tests/{program}.py", *session.posargs)


@nox.session(python=str(INSTALLED.get("3.13", sys.executable)))
def dev(session: nox.Session) -> None:
    """Run the tests on Python 3.13 in its development mode, with warnings as errors."""
    if "3.13" not in INSTALLED:
        session.error("Python 3.13 is not installed here.")
    session.install("-e", EVERYTHING, *group("test"))
    session.run("python", "-X", "dev", "-W", "error", "-m", "pytest", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Mix threads, tasks, forks and faults for a minute, and look for leaks; `-- --seconds N`."""
    session.install("-e", ".[emulator]", *group("test"))
    # Python 3.12 and later warn of forks beside threads, which is what this is about.
    session.run(
        *("python", "-W", "error", "-W", "ignore:This process", "-X", "dev"),
        *("scripts/soak.py", *session.posargs),
    )


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ask the emulator all that its description allows and forbids; `-- --seed N` repeats a run."""
    session.install("-e", ".[emulator]", *group("fuzz"))
    # It leaves what it found in the folder that it runs in.
    with session.chdir(session.create_tmp()):
        session.run("python", str(HERE / "scripts" / "fuzz.py"), *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests of the emulator's page in the Chromium that the system has."""
    session.install("-e", ".[emulator]", *group("test", "browser"))
    session.run("pytest", "tests/emulator/test_emulator_dashboard.py", *session.posargs)


@nox.session(python=False)
def pythons(session: nox.Session) -> None:
    """Run the tests on every other supported Python that is installed here."""
    others = [version for version in INSTALLED if version != CURRENT]
    for version in others:
        session.notify(f"tests-{version}")
    if not others:
        session.log("No other supported Python is installed.")


@nox.session
def sync(session: nox.Session) -> None:
    """Rewrite the sync twins, src/root/_sync and tests/_sync, from their async sources."""
    session.install(*group("generate"))
    session.run("python", "scripts/generate_sync.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, rules, that no twin is stale, and that the bare package imports."""
    session.install(*group("lint"))
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("python", "scripts/generate_sync.py", "--check")
    bare = make_environment(session, "bare", ".")
    # Not from this folder and with -I: nothing but the installed package can be imported.
    with session.chdir(session.create_tmp()):
        for statement in ("import root", "from root import RootSignals"):
            session.run(str(bare), "-I", "-W", "error", "-c", statement, external=True)


@nox.session
def typing(session: nox.Session) -> None:
    """Check types: mypy and pyright, both strict, and that every public type is known."""
    session.install(
        *("-e", EVERYTHING, "nox"),
        *group("test", "heavy", "catalogue", "fuzz", "typing"),
    )
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "root", "--ignoreexternal")


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist in dist/ and try the wheel in an environment of its own."""
    session.install("build")
    shutil.rmtree(HERE / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    (wheel,) = (HERE / "dist").glob("*.whl")
    python = make_environment(session, "wheel", f"{wheel}[emulator]", *group("test"))
    # In another folder, and the tests leave src/ off the path: the wheel alone can be imported.
    with session.chdir(session.create_tmp()):
        session.run(
            *(str(python), "-m", "pytest", "--config-file", str(HERE / "pyproject.toml")),
            *("-p", "no:cacheprovider", str(HERE / "tests" / "test_front_door.py")),
            external=True,
        )


@nox.session
def peers(session: nox.Session) -> None:
    """Run the official SDKs for Python and JavaScript against the emulator: docs/peers.md."""
    session.install("-e", ".[emulator]", *group("test"))
    installed = {
        "PEERS_ROOT_SIGNALS": str(make_environment(session, "old", "root-signals==1.6.5")),
        "PEERS_SCORABLE": str(make_environment(session, "new", "scorable==1.15.0")),
    }
    folder, trouble = install_for_node(session, "@root-signals/scorable@0.12.0")
    if folder:
        shutil.copy(HERE / "peers" / "node_sdk.mjs", folder)
        installed["PEERS_NODE"] = str(folder)
    session.run("pytest", "peers", *session.posargs, env=installed)
    if trouble:
        session.skip(f"The SDKs for Python did as told; that for JavaScript was not run: {trouble}")


def install_for_node(session: nox.Session, package: str) -> tuple[Path | None, str]:
    """Return a folder that has a package for node, or why there is none."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return None, "node or npm is missing."
    folder = Path(session.create_tmp()).resolve() / "node"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    done = subprocess.run(
        [npm, "install", "--prefix", folder, "--no-package-lock", "--no-audit", package],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        codes = re.findall(r"^npm error code (\w+)", done.stderr, re.MULTILINE)
        return None, f"npm cannot install {package} ({', '.join(codes) or done.stderr.strip()})."
    return folder, ""


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed against other clients; `-- --quick` is faster, `-- --base` against a commit."""
    # For the server: each client has an environment of its own.
    session.install("certifi", "trustme", "uvloop")
    folder = session.create_tmp()
    session.run("python", "-m", "benchmarks.run", "--environments", folder, *session.posargs)
