"""Sessions of this project; `nox` alone runs tests, lint and typing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"  # the first version that resolves includes in dependency groups
nox.options.sessions = ["tests", "lint", "typing"]
# Every session installs what it needs, so an existing environment can be used again.
nox.options.reuse_venv = "yes"

HERE = Path(__file__).parent
PROJECT = nox.project.load_toml(HERE / "pyproject.toml")
# The classifiers in pyproject.toml are the only list of supported Python versions.
SUPPORTED = nox.project.python_versions(PROJECT)
EVERYTHING = f".[{','.join(PROJECT['project']['optional-dependencies'])}]"
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups, which pip itself reads only since 25.1."""
    return nox.project.dependency_groups(PROJECT, *names)


def find_python(version: str) -> Path | None:
    """Return a working interpreter of this version, or None.

    It is looked for in the folders of the variable ROOT_PYTHONS, on the path, and among those of
    pyenv. A `python3.12` on the path may not work: pyenv puts a shim there for every version it
    has, and the shims of inactive versions only print an error.
    """
    name = f"python{version}"
    places = [os.environ.get("ROOT_PYTHONS", ""), None]
    candidates = [Path(found) for place in places if (found := shutil.which(name, path=place))]
    candidates += sorted(
        Path.home().glob(f".pyenv/versions/{version}[.-]*/bin/python"), reverse=True
    )
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
    """Return the Python of a new environment that has only these requirements."""
    folder = Path(session.create_tmp()).resolve() / name
    session.run("python", "-m", "venv", "--clear", str(folder))
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    session.run(
        *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *requirements,
        external=True,
    )
    return python


# Tests spend much of their time waiting; work stealing keeps a slow one from delaying others.
IN_PARALLEL = ("--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")

# Markers of tests that have separate sessions; `tests_full` runs all of them.
APART = "slow or docs or dask or notebook or browser or tools or shells"


def run_tests(session: nox.Session, *arguments: str, groups: tuple[str, ...] = ()) -> None:
    """Run pytest with the arguments of the command line, or with these if there are none."""
    session.install("-e", EVERYTHING, *group("test", *groups))
    session.run("pytest", *(session.posargs or arguments))


@nox.session
def demo(session: nox.Session) -> None:
    """Evaluate an answer, list its log and register a model, on an emulator of the service."""
    session.install(".[emulator]")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the current Python; `-- -k name` selects tests."""
    run_tests(session, "-m", f"not ({APART})", *IN_PARALLEL)


@nox.session
def tests_full(session: nox.Session) -> None:
    """Run all tests, including those that take minutes, and measure their coverage."""
    run_tests(session, "--cov", *IN_PARALLEL, groups=("heavy", "docs", "tools"))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation in site/, and check its links, examples and their types."""
    session.install("-e", EVERYTHING, *group("test", "docs"))
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    session.run(
        *("pytest", *(session.posargs or ("-m", "docs and not notebook", *IN_PARALLEL))),
        env={"ROOT_SITE": str(HERE / "site")},
    )


@nox.session
def dask(session: nox.Session) -> None:
    """Run the tests of the client in Dask workers."""
    run_tests(session, "-m", "dask", groups=("dask",))


@nox.session
def notebooks(session: nox.Session) -> None:
    """Run the tutorial and the tests of the client in notebooks."""
    run_tests(session, "-m", "notebook", groups=("notebook",))


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests of the emulator and the documentation in a browser, the system's Chromium."""
    run_tests(session, "-m", "browser", groups=("browser", "site"))


@nox.session
def shells(session: nox.Session) -> None:
    """Run the tests of completion in a real bash, zsh and fish."""
    missing = [name for name in ("bash", "zsh", "fish") if shutil.which(name) is None]
    if missing:
        session.error(f"Install {' and '.join(missing)}.")
    run_tests(session, "-m", "shells")


@nox.session
def tools(session: nox.Session) -> None:
    """Run the tests of tools that hook httpx, those of calls meanwhile, and a benchmark of both."""
    run_tests(session, "-m", "tools", groups=("tools",))
    if not session.posargs:
        # Without those whose tests look for the user's code, which the hook would be.
        faces = ("_async", "_sync", "_twins")
        mine = (f"--deselect=tests/{face}/test_offline.py" for face in faces)
        hooked = ("-p", "tests.hooked_httpx", *mine)
        wings = (*faces, "concurrency", "pins", "secrets")
        session.run(
            *("python", "-m", "pytest", *hooked, "-m", f"not ({APART})", *IN_PARALLEL),
            *(f"tests/{wing}" for wing in wings),
            *("tests/test_fault_table.py", "tests/test_errors.py"),
        )
        session.run("python", "scripts/soak.py", "--hooked", "--seconds", "20")
        # The ratios in docs/performance.md.
        session.run("python", "-m", "benchmarks.tools")


INSTALLED = {version: python for version in SUPPORTED if (python := find_python(version))}

for version, python in INSTALLED.items():
    on_version = nox.session(name=f"tests-{version}", python=str(python))(
        lambda session: run_tests(session, "-m", f"not ({APART})", *IN_PARALLEL)
    )
    on_version.__doc__ = f"Run the tests on Python {version}."


def lowest(requirements: Iterable[str]) -> list[str]:
    """Return constraints that pin each requirement to its lower bound."""
    return [
        f"{match[1]}=={match[2]}"
        for requirement in requirements
        if (match := re.match(r"([\w.-]+)>=([\w.]+)", requirement))
    ]


@nox.session
def tests_lowest(session: nox.Session) -> None:
    """Run the tests with the lowest dependencies that pyproject.toml allows."""
    project = PROJECT["project"]
    required = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    # Not in the session's own folder for temporary files, where pytest would find this project.
    constraints = session.cache_dir.resolve() / "lowest.txt"
    constraints.write_text("\n".join(lowest(required)), encoding="utf-8")
    # The tools of the tests are not pinned.
    session.install("-e", EVERYTHING, *group("test"), "--constraint", str(constraints))
    session.run("pytest", *(session.posargs or ("-m", f"not ({APART})", *IN_PARALLEL)))


@nox.session
def tests_newest(session: nox.Session) -> None:
    """Run the tests with the newest versions of everything, pre-releases included."""
    session.install(
        *("--pre", "--upgrade", "--upgrade-strategy", "eager"),
        *("-e", EVERYTHING, *group("test")),
    )
    session.run("pytest", *(session.posargs or ("-m", f"not ({APART})", *IN_PARALLEL)))


@nox.session
def forward(session: nox.Session) -> None:
    """Run the tests with httpx2 in place of httpx, and on trio."""
    session.install("-e", EVERYTHING, "httpx2", *group("test"))
    selected = session.posargs or ("-m", f"not ({APART})")
    session.run("python", "-m", "tests.run_on_httpx2", *selected)
    session.run("python", "-m", "tests.run_on_trio", *(session.posargs or ("tests/_async",)))


@nox.session(python=str(INSTALLED.get("3.13", sys.executable)))
def dev(session: nox.Session) -> None:
    """Run the tests in the development mode of Python 3.13, with warnings as errors."""
    if "3.13" not in INSTALLED:
        session.error("Python 3.13 is not installed here.")
    session.install("-e", EVERYTHING, *group("test"))
    selected = session.posargs or ("-m", f"not ({APART})")
    session.run("python", "-X", "dev", "-W", "error", "-m", "pytest", *selected)


@nox.session
def soak(session: nox.Session) -> None:
    """Mix threads, tasks, forks and faults for a minute and check for leaks; `-- --seconds N`."""
    session.install("-e", ".[emulator]", *group("test"))
    # Since 3.12, Python warns about forks in a process with threads, which are the purpose here.
    session.run(
        *("python", "-W", "error", "-W", "ignore:This process", "-X", "dev"),
        *("scripts/soak.py", *session.posargs),
    )


@nox.session
def fuzz(session: nox.Session) -> None:
    """Send valid and invalid requests to the emulator; `-- --seed N` repeats a run."""
    session.install("-e", ".[emulator]", *group("fuzz"))
    # Schemathesis writes its findings to the current folder.
    with session.chdir(session.create_tmp()):
        session.run("python", str(HERE / "scripts" / "fuzz.py"), *session.posargs)


@nox.session(python=False)
def pythons(session: nox.Session) -> None:
    """Run the tests on all other supported Python versions that are installed."""
    others = [version for version in INSTALLED if version != CURRENT]
    for version in others:
        session.notify(f"tests-{version}")
    if not others:
        session.log("No other supported Python is installed.")


@nox.session
def sync(session: nox.Session) -> None:
    """Regenerate all code that is generated from async sources."""
    session.install(*group("generate"))
    session.run("python", "scripts/generate_sync.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, rules and generated code, and import the package without its extras."""
    session.install(*group("lint"))
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("python", "scripts/generate_sync.py", "--check")
    bare = make_environment(session, "bare", ".")
    # Another folder and -I make sure that the installed package is imported, not src/.
    with session.chdir(session.create_tmp()):
        for statement in ("import root", "from root import RootSignals"):
            session.run(str(bare), "-I", "-W", "error", "-c", statement, external=True)


@nox.session
def typing(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict, and that all public types are known."""
    session.install(
        *("-e", EVERYTHING, "nox"),
        *group("test", "heavy", "catalogue", "docs", "fuzz", "typing"),
    )
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "root", "--ignoreexternal")


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and sdist in dist/ and test the wheel with the tests of the sdist."""
    session.install("build")
    shutil.rmtree(HERE / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    (wheel,) = (HERE / "dist").glob("*.whl")
    (sdist,) = (HERE / "dist").glob("*.tar.gz")
    requirements = (f"{wheel}{EVERYTHING[1:]}", *group("test", "frameworks"))
    python = make_environment(session, "wheel", *requirements)
    folder = Path(session.create_tmp()).resolve() / "sdist"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(sdist, folder)
    (tree,) = folder.iterdir()
    # The tests do not add src/ to the path; only the wheel can be imported.
    with session.chdir(tree):
        session.run(
            *(str(python), "-m", "pytest", "-p", "no:cacheprovider", *IN_PARALLEL),
            *("tests/test_public_names.py", "tests/docs/test_code_blocks.py"),
            external=True,
        )


@nox.session
def peers(session: nox.Session) -> None:
    """Run the official SDKs against the emulator and compare the results with docs/peers.md."""
    session.install("-e", ".[emulator]", "openai==3.57.0", *group("test"))
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
        session.skip(f"The Python SDKs passed. The JavaScript SDK was not tested: {trouble}")


def install_for_node(session: nox.Session, package: str) -> tuple[Path | None, str]:
    """Return a folder with the npm package installed, or None and the reason."""
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
    """Compare speed with other clients, or with an earlier commit (`-- --base`); `-- --quick`."""
    # For the server; the clients have separate environments.
    session.install("certifi", "trustme", "uvloop")
    folder = session.create_tmp()
    session.run("python", "-m", "benchmarks.run", "--environments", folder, *session.posargs)
