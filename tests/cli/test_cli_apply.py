"""`root-signals models apply`: the plan, the question, and what was done."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server
from tests.cli.conftest import Run

KEY = "sk-the-key-of-the-provider"


@pytest.fixture
def file(tmp_path: Path, at_emulator: Server) -> str:
    """A file that creates one model, changes one, and does not name another."""
    at_emulator.add_model(name="changed", url="http://old")
    at_emulator.add_model(name="extra")
    path = tmp_path / "models.yaml"
    path.write_text("models:\n- {name: changed, url: 'http://new'}\n- {name: new}\n")
    return str(path)


def names(server: Server) -> set[str]:
    return {model.name for model in server.models}


def test_check(run: Run, file: str, at_emulator: Server) -> None:
    """A check changes nothing and tells by 2 that something would change, else by 0."""
    assert run("models", "apply", file, "--check").code == 2
    assert names(at_emulator) == {"changed", "extra"}

    run("models", "apply", file, "--yes")

    assert run("models", "apply", file, "--check").code == 0


def test_dry_run(run: Run, file: str, at_emulator: Server) -> None:
    """A dry run prints the plan and changes nothing."""
    done = run("models", "apply", file, "--prune", "--dry-run")

    assert done.code == 0
    assert [(one["outcome"], one["action"], one["name"]) for one in json.loads(done.out)] == [
        ("planned", "create", "new"),
        ("planned", "update", "changed"),
        ("planned", "delete", "extra"),
    ]
    assert names(at_emulator) == {"changed", "extra"}


def test_plan_as_text(run: Run, file: str) -> None:
    """In a table's place the plan is text, with the fields that change."""
    done = run("models", "apply", file, "--dry-run", "-o", "table")

    assert '~ changed\n    url: "http://old" -> "http://new"\n' in done.out


def test_apply(run: Run, file: str, at_emulator: Server) -> None:
    """What the file says is done, and each change is told with its model's id."""
    done = run("models", "apply", file, "--prune", "--yes")

    assert done.code == 0
    ids = {model.name: model.id for model in at_emulator.models}
    told = {one["name"]: one["model_id"] for one in json.loads(done.out)}
    assert ids == {name: told[name] for name in ("changed", "new")}


def test_nobody_to_ask(run: Run, file: str, at_emulator: Server) -> None:
    """Where nobody can be asked, the plan is shown, nothing is done, and --yes is named."""
    done = run("models", "apply", file, "--prune")

    assert done.code == 64
    assert "- extra" in done.err
    assert "--yes" in done.err
    assert names(at_emulator) == {"changed", "extra"}


@pytest.mark.parametrize("quiet", [True, False])
def test_plan_is_shown_before(run: Run, file: str, at_emulator: Server, quiet: bool) -> None:
    """In a pipe, too, the plan is shown before anything changes, unless --quiet."""
    at_emulator.fail_next(status=400, method="POST")

    done = run("models", "apply", file, "--yes", *(["--quiet"] if quiet else []))

    assert ("+ new" in done.err) is not quiet


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/stdin")
@pytest.mark.parametrize(("options", "code"), [((), 64), (("--check",), 2), (("--yes",), 0)])
def test_stdin(at_emulator: Server, options: tuple[str, ...], code: int) -> None:
    """A file may come from stdin; then nobody is asked, so that --yes is needed."""
    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "apply", "-", *options],
        input="models:\n- name: modèle\n".encode(),
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.returncode == code, done.stderr
    assert names(at_emulator) == ({"modèle"} if code == 0 else set())


def test_nothing_to_do(run: Run, file: str) -> None:
    """Where nothing changes, nothing is asked."""
    run("models", "apply", file, "--yes")

    assert run("models", "apply", file).code == 0


@pytest.mark.parametrize("form", ["json", "table"])
def test_failure_half_way(run: Run, file: str, at_emulator: Server, form: str) -> None:
    """After a failure it is printed exactly what was done, and the next run does the rest."""
    at_emulator.fail_next(status=400, method="PATCH")

    done = run("models", "apply", file, "--prune", "--yes", "-o", form)

    assert done.code == 9
    if form == "json":
        outcomes = {one["name"]: one["outcome"] for one in json.loads(done.out)}
        assert outcomes == {"new": "done", "changed": "failed", "extra": "not started"}
    else:
        created, failed, not_started = done.out.splitlines()[-3:]
        assert (created, not_started) == ("done: create new", "not started: delete extra")
        assert re.fullmatch(r"failed: update changed: .*answered 400.*", failed)
    assert done.err.endswith(
        "1 of 3 changes failed; not started: 1.\n"
        "Hint: Correct what was refused, and run it again.\n"
    )
    assert ("update changed: PATCH" in done.err) is (form == "json")
    assert run("models", "apply", file, "--prune", "--yes").code == 0
    assert names(at_emulator) == {"changed", "new"}


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (402, 1, "Hint: The same command does the rest."),
        (403, 3, "config show` says where the key comes from. The same command does the rest."),
        (429, 7, "Hint: The same command does the rest."),
    ],
)
def test_failure_at_once(
    run: Run, file: str, at_emulator: Server, status: int, code: int, hint: str
) -> None:
    """Where nothing was done, it is told so, with the code and the hint of what failed."""
    # So long is not waited for.
    at_emulator.fail_next(status=status, method="POST", headers={"Retry-After": "3600"})

    done = run("models", "apply", file, "--yes", "--concurrency", "1")

    assert done.code == code
    assert done.err.splitlines()[-2] == "1 of 2 changes failed; not started: 1."
    assert hint in done.err.splitlines()[-1]


def test_failure_in_doubt(run: Run, file: str, at_emulator: Server) -> None:
    """Of a change that the service may have made all the same, nobody says that it failed."""
    at_emulator.fail_next(status=500, method="POST")

    done = run("models", "apply", file, "--yes", "--concurrency", "1")

    assert done.code == 9
    assert json.loads(done.out)[0]["outcome"] == "may be done"


def test_keys(
    run: Run, tmp_path: Path, at_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys come from the environment, are sent again only when asked, and show nowhere."""
    (tmp_path / "models.yaml").write_text("models:\n- {name: a, default_key: '${THE_KEY}'}\n")
    shown = ""
    monkeypatch.setenv("THE_KEY", KEY)
    for options in ((), (), ("--rotate-keys",)):
        done = run("models", "apply", "models.yaml", "--yes", "--debug", "-o", "table", *options)
        shown += done.out + done.err

    sent = [one.json for one in at_emulator.requests if one.method != "GET"]
    assert sent == [{"name": "a", "default_key": "[masked]"}, {"default_key": "[masked]"}]
    assert "default_key: rotated" in shown
    assert KEY not in shown


def test_file_with_mistakes(run: Run, tmp_path: Path, at_emulator: Server) -> None:
    """All mistakes of a file are told, with their lines and without values."""
    (tmp_path / "models.yaml").write_text("models:\n- {nam: a}\n- {name: b, url: [sk-123456]}\n")

    done = run("models", "apply", "models.yaml", "--yes")

    assert done.code == 64
    assert "models.yaml:2" in done.err
    assert "models.yaml:3" in done.err
    assert "sk-123456" not in done.err
    assert not at_emulator.models
