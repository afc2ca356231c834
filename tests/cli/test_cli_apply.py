"""`root-signals models apply`: the plan, the confirmation, and the result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.cli.session import Session
from root.emulator import Server
from tests.cli.conftest import Run
from tests.cli.terminal import Terminal

KEY = "sk-the-key-of-the-provider"


@pytest.fixture
def file(tmp_path: Path, at_emulator: Server) -> str:
    """A file that creates one model, updates one, and does not list another."""
    at_emulator.add_model(name="changed", url="http://old")
    at_emulator.add_model(name="extra")
    path = tmp_path / "models.yaml"
    path.write_text("models:\n- {name: changed, url: 'http://new'}\n- {name: new}\n")
    return str(path)


def names(server: Server) -> set[str]:
    return {model.name for model in server.models}


def test_check(run: Run, file: str, at_emulator: Server) -> None:
    """--check changes nothing, and exits with 2 if something would change, otherwise with 0."""
    assert run("models", "apply", file, "--check").code == 2
    assert names(at_emulator) == {"changed", "extra"}

    run("models", "apply", file, "--yes")

    assert run("models", "apply", file, "--check").code == 0


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_plan_is_the_result(run: Run, file: str, option: str) -> None:
    """With --check and --dry-run, stdout has the plan in words, also in a pipe."""
    done = run("models", "apply", file, option, "--quiet")

    assert done.out == (
        '+ new\n~ changed\n    url: "http://old" -> "http://new"\n'
        "1 to create, 1 to update, 0 to delete, 0 unchanged.\n"
    )
    assert done.err == ""


@pytest.mark.parametrize("quiet", [True, False])
def test_plan_of_a_check_in_json(run: Run, file: str, quiet: bool) -> None:
    """With --output json, stdout has records, and stderr the plan in words except with --quiet."""
    done = run("models", "apply", file, "--check", "-o", "json", *(["--quiet"] if quiet else []))

    assert [one["name"] for one in json.loads(done.out)] == ["new", "changed"]
    assert ("1 to create" in done.err) is not quiet


def test_result_in_words(run: Run, file: str) -> None:
    """Without another format, stdout has the result in words, and stderr the plan."""
    done = run("models", "apply", file, "--yes")

    assert done.out == "1 created, 1 updated, 0 deleted.\n"
    assert "+ new\n" in done.err


def test_plan_in_markdown(run: Run, file: str) -> None:
    """In Markdown, the plan is a block whose created and deleted models are colored."""
    done = run("models", "apply", file, "--prune", "--check", "-o", "markdown")

    assert done.code == 2
    assert done.out.startswith("```diff\n+ new\n")
    assert "\n- extra\n" in done.out
    assert done.out.endswith(".\n```\n")


def test_dry_run(run: Run, file: str, at_emulator: Server) -> None:
    """--dry-run prints the plan and changes nothing."""
    done = run("models", "apply", file, "--prune", "--dry-run", "-o", "json")

    assert done.code == 0
    assert [(one["outcome"], one["action"], one["name"]) for one in json.loads(done.out)] == [
        ("planned", "create", "new"),
        ("planned", "update", "changed"),
        ("planned", "delete", "extra"),
    ]
    assert names(at_emulator) == {"changed", "extra"}


def test_plan_as_text(run: Run, file: str) -> None:
    """With the format table, the plan is text with the fields that change."""
    done = run("models", "apply", file, "--dry-run", "-o", "table")

    assert '~ changed\n    url: "http://old" -> "http://new"\n' in done.out


def test_apply(run: Run, file: str, at_emulator: Server) -> None:
    """The models match the file afterwards, and each change is printed with its model's ID."""
    done = run("models", "apply", file, "--prune", "--yes", "-o", "json")

    assert done.code == 0
    ids = {model.name: model.id for model in at_emulator.models}
    printed = {one["name"]: one["model_id"] for one in json.loads(done.out)}
    assert ids == {name: printed[name] for name in ("changed", "new")}


def test_confirmation_requires_a_terminal(run: Run, file: str, at_emulator: Server) -> None:
    """Without a terminal, the plan is printed, nothing is changed, and --yes is suggested."""
    done = run("models", "apply", file, "--prune")

    assert done.code == 64
    assert "- extra" in done.err
    assert "--yes" in done.err
    assert names(at_emulator) == {"changed", "extra"}


@pytest.mark.parametrize("quiet", [True, False])
def test_plan_is_printed_first(run: Run, file: str, at_emulator: Server, quiet: bool) -> None:
    """In a pipe, too, the plan is printed before anything changes, except with --quiet."""
    at_emulator.fail_next(status=400, method="POST")

    done = run("models", "apply", file, "--yes", *(["--quiet"] if quiet else []))

    assert ("+ new" in done.err) is not quiet


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/stdin")
@pytest.mark.parametrize(("options", "code"), [((), 64), (("--check",), 2), (("--yes",), 0)])
def test_stdin(at_emulator: Server, options: tuple[str, ...], code: int) -> None:
    """The file may be stdin; then confirmation is not possible, so --yes is required."""
    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "apply", "-", *options],
        input="models:\n- name: modèle\n".encode(),
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.returncode == code, done.stderr
    assert names(at_emulator) == ({"modèle"} if code == 0 else set())


@pytest.mark.parametrize(("url", "code"), [(None, 0), ("http://other", 9)])
def test_somebody_else_is_faster(
    run: Run,
    file: str,
    at_emulator: Server,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    code: int,
) -> None:
    """A model that is created between plan and changes is not an error, unless it differs."""
    Path(file).write_text(
        "models:\n- {name: changed, url: 'http://new'}\n- {name: new, url: null}\n"
    )

    def confirm(*_: object, **__: object) -> None:
        at_emulator.add_model(name="new", url=url)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "confirm", confirm)
        done = run("models", "apply", file, "-o", "json")

    assert done.code == code
    assert [(one["name"], one["outcome"]) for one in json.loads(done.out)] == [
        *([("new", "done")] if url is None else []),
        ("changed", "done"),
        *([] if url is None else [("new", "failed")]),
    ]
    assert ("Somebody else created" in done.err) == (url is not None)
    assert "Correct" not in done.err
    assert run("models", "apply", file, "--yes").code == 0
    assert {model.name: model.url for model in at_emulator.models}["new"] is None


def test_somebody_else_is_faster_with_a_variable(
    run: Run, file: str, at_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose name has a variable is found if it is created meanwhile."""
    Path(file).write_text("models:\n- {name: 'new-${STAGE}'}\n")
    monkeypatch.setenv("STAGE", "prod")

    def confirm(*_: object, **__: object) -> None:
        at_emulator.add_model(name="new-prod")

    monkeypatch.setattr(Session, "confirm", confirm)
    done = run("models", "apply", file, "-o", "json")

    assert done.code == 0
    assert [(one["name"], one["outcome"]) for one in json.loads(done.out)] == [
        ("new-${STAGE}", "done")
    ]


def test_nothing_to_do(run: Run, file: str) -> None:
    """An empty plan requires no confirmation."""
    run("models", "apply", file, "--yes")

    assert run("models", "apply", file).code == 0


@pytest.mark.parametrize("format", ["json", "table"])
def test_partial_failure(run: Run, file: str, at_emulator: Server, format: str) -> None:
    """After a failure, the outcome of each change is printed, and the next run completes them."""
    at_emulator.fail_next(status=400, method="PATCH")

    done = run("models", "apply", file, "--prune", "--yes", "-o", format)

    assert done.code == 9
    if format == "json":
        outcomes = {one["name"]: one["outcome"] for one in json.loads(done.out)}
        assert outcomes == {"new": "done", "changed": "failed", "extra": "not started"}
    else:
        created, failed, not_started = done.out.splitlines()[-3:]
        assert (created, not_started) == ("done: create new", "not started: delete extra")
        assert re.fullmatch(r"failed: update changed: .*returned 400.*", failed)
    assert done.err.endswith(
        "1 of 3 changes failed; not started: 1.\n"
        "Hint: Correct the rejected models and run the command again.\n"
    )
    assert ("update changed: PATCH" in done.err) is (format == "json")
    assert run("models", "apply", file, "--prune", "--yes").code == 0
    assert names(at_emulator) == {"changed", "new"}


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (402, 1, "Hint: Run the command again to apply the remaining changes."),
        (
            403,
            3,
            "config show` shows where the API key comes from."
            " Run the command again to apply the remaining changes.",
        ),
        (429, 7, "Hint: Run the command again to apply the remaining changes."),
    ],
)
def test_failure_of_the_first_change(
    run: Run, file: str, at_emulator: Server, status: int, code: int, hint: str
) -> None:
    """If nothing was changed, the exit code and the hint are those of the failure."""
    # The client does not wait this long, so it does not retry.
    at_emulator.fail_next(status=status, method="POST", headers={"Retry-After": "3600"})

    done = run("models", "apply", file, "--yes", "--concurrency", "1")

    assert done.code == code
    assert done.err.splitlines()[-2] == "1 of 2 changes failed; not started: 1."
    assert hint in done.err.splitlines()[-1]


def test_uncertain_failure(run: Run, file: str, at_emulator: Server) -> None:
    """A change that may have been made despite its error is not reported as failed."""
    at_emulator.fail_next(status=500, method="POST")

    done = run("models", "apply", file, "--yes", "--concurrency", "1", "-o", "json")

    assert done.code == 9
    assert json.loads(done.out)[0]["outcome"] == "may be done"


def test_keys(
    run: Run, tmp_path: Path, at_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys from the environment are sent again only with --rotate-keys, and never printed."""
    (tmp_path / "models.yaml").write_text("models:\n- {name: a, default_key: '${THE_KEY}'}\n")
    printed = ""
    monkeypatch.setenv("THE_KEY", KEY)
    for options in ((), (), ("--rotate-keys",)):
        done = run("models", "apply", "models.yaml", "--yes", "--debug", "-o", "table", *options)
        printed += done.out + done.err

    sent = [one.json for one in at_emulator.requests if one.method != "GET"]
    assert sent == [{"name": "a", "default_key": "[masked]"}, {"default_key": "[masked]"}]
    assert "default_key: set (${THE_KEY})" in printed
    assert "default_key: rotated (${THE_KEY})" in printed
    assert KEY not in printed


@pytest.mark.parametrize("format", ["table", "json"])
def test_sources(
    run: Run, tmp_path: Path, at_emulator: Server, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """A plan, its result and its failures show the names of variables and key files, no values."""
    monkeypatch.setenv("PRIVATE_TOKEN", KEY)
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "models.yaml").write_text(
        "models:\n"
        "- {name: 'a-${PRIVATE_TOKEN}', url: 'http://host/${PRIVATE_TOKEN}'}\n"
        "- {name: b, default_key_file: key}\n"
        f"- {{name: c, default_key: {KEY}}}\n"
        "- {name: known, model: 'm-${PRIVATE_TOKEN}'}\n"
    )
    at_emulator.add_model(name="known", model="m")
    at_emulator.fail_next(status=400, method="PATCH")
    options = ("--yes", "--concurrency", "1", "-o", format)

    done = run("models", "apply", "models.yaml", *options)

    assert {model.name for model in at_emulator.models} == {f"a-{KEY}", "b", "c", "known"}
    assert KEY not in done.out + done.err
    for shown in (
        "a-${PRIVATE_TOKEN}",
        "http://host/${PRIVATE_TOKEN}",
        "set (key)",
        "set (models.yaml:4)",
        "m-${PRIVATE_TOKEN}",
    ):
        assert shown in done.out + done.err
    assert run("models", "apply", "models.yaml", *options).code == 0
    assert run("models", "apply", "models.yaml", "--check").code == 0


@pytest.mark.parametrize("options", [(), ("--key-folder", ".."), ("--key-folder", "")])
def test_key_folder(
    run: Run, tmp_path: Path, at_emulator: Server, options: tuple[str, ...]
) -> None:
    """A key file outside of the folder of the file is read only with --key-folder."""
    (tmp_path / "own").mkdir()
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "own" / "models.yaml").write_text(
        f"models:\n- {{name: a, default_key_file: {tmp_path}/key}}\n"
    )
    os.chdir("own")

    done = run("models", "apply", "models.yaml", "--yes", *options)

    assert done.code == (0 if ".." in options else 64), done.err
    assert ("--key-folder" in done.err) is (".." not in options)
    assert KEY not in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/stdin")
@pytest.mark.parametrize("folder", ["", "other/"])
def test_key_file_of_stdin(at_emulator: Server, tmp_path: Path, folder: str) -> None:
    """If the file is stdin, key files may be in the working directory."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "other").mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "apply", "-", "--yes"],
        input=f"models:\n- {{name: a, default_key_file: {tmp_path}/key}}\n",
        capture_output=True,
        text=True,
        cwd=tmp_path / folder,
    )

    assert done.returncode == (64 if folder else 0), done.stderr


def test_invalid_file(run: Run, tmp_path: Path, at_emulator: Server) -> None:
    """All errors in a file are printed, with their lines and without values."""
    (tmp_path / "models.yaml").write_text("models:\n- {nam: a}\n- {name: b, url: [sk-123456]}\n")

    done = run("models", "apply", "models.yaml", "--yes")

    assert done.code == 64
    assert "models.yaml:2" in done.err
    assert "models.yaml:3" in done.err
    assert "sk-123456" not in done.err
    assert not at_emulator.models


EVIL = "\x1b]0;title\x07\x9b31m\u202e\nfailed: delete nothing"


@pytest.mark.parametrize("format", ["json", "table"])
def test_partial_results_do_not_control_the_terminal(
    run: Run, tmp_path: Path, at_emulator: Server, format: str
) -> None:
    """Control characters of names and responses are escaped after a failure, on a terminal too."""
    path = tmp_path / "models.yaml"
    name = f"a{EVIL}"
    at_emulator.add_model(name=name, url="http://old")
    path.write_text(
        f"models:\n- {{name: b}}\n- {{name: {json.dumps(name)}, url: {json.dumps(EVIL)}}}\n"
    )
    at_emulator.fail_next(status=400, body={"detail": EVIL}, method="PATCH")

    with Terminal(
        *("models", "apply", str(path), "--yes", "--quiet", "--no-color", "-o", format)
    ) as terminal:
        assert terminal.end() == 9

    assert r"\x1b]0;title\x07\x9b31m\u202e" in terminal.shown
    assert terminal.shown.replace("\r\n", "").isprintable()
    assert "\nfailed: delete nothing" not in terminal.shown
