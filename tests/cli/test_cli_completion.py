"""Shell completion of commands, options, profiles and models."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server
from tests.cli.conftest import Run

# A busy machine takes longer than a user would wait.
PATIENT = """
import sys
from root.cli import identity, main
identity._COMPLETION_TIMEOUT = 60
sys.exit(main())
"""


def complete(shell: str, line: str, **environment: str) -> tuple[str, str]:
    """Return the completions of a line that a shell receives, and stderr."""
    return output((sys.executable, "-c", PATIENT), shell, line, environment)


def output(
    command: tuple[str, ...], shell: str, line: str, environment: dict[str, str]
) -> tuple[str, str]:
    """Return what a command prints when a shell asks it for the completions of a line."""
    words = line.split(" ")
    done = subprocess.run(
        command,
        capture_output=True,
        check=True,
        env={
            **os.environ,
            "_ROOT_SIGNALS_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": "\n".join(words),
            "COMP_CWORD": str(len(words) - 1),
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            **environment,
        },
        text=True,
    )
    return done.stdout, done.stderr


def test_commands() -> None:
    """Names of commands are completed."""
    assert complete("bash", "root-signals models ver")[0].split() == ["verify"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_models(at_emulator: Server, shell: str) -> None:
    """Names and IDs of existing models are completed in every shell."""
    model = at_emulator.add_model(name="my-own/model")

    assert "my-own/model" in complete(shell, "root-signals models get my-o")[0]
    assert model.id in complete(shell, f"root-signals models delete {model.id[:8]}")[0]


def test_models_of_a_base_url(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options before the command select the service whose models are completed."""
    emulator.add_model(name="my-own/model")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)

    line = f"root-signals --base-url {emulator.url} models get my-o"

    assert complete("zsh", line)[0].count("my-own/model") == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("option", "value"), [("--visibility", "private"), ("--sort", "provider"), ("--output", "json")]
)
def test_values(shell: str, option: str, value: str) -> None:
    """The values of options with a choice are completed."""
    line = f"root-signals models list {option} {value[:2]}"

    assert value in complete(shell, line)[0]


@pytest.mark.parametrize("words", ["--output = js", "-o js"])
def test_values_after_an_equals_sign(words: str) -> None:
    """The value of an option is completed after an equals sign, too."""
    assert complete("bash", f"root-signals models list {words}")[0].split() == ["json", "jsonl"]


def test_profiles(run: Run) -> None:
    """Names of profiles are completed."""
    run("config", "set", "staging")

    assert complete("bash", "root-signals config use st")[0].split() == ["staging"]
    assert complete("bash", "root-signals --profile st")[0].split() == ["staging"]


# Each of them is special in a shell, or could be an option or the markup of a terminal.
UNSAFE_NAMES = [
    r"zz\$(touch x)",
    "zz$(touch x)",
    "zz`touch x`",
    "zz; touch x",
    'zz"; touch x; "',
    "zz'; touch x; '",
    "zz' words",
    "zz*",
    "zz{a,b}",
    "zz!!",
    "zz\nlines",
    "zz\ttabs",
    "zz\x1b[31m",
    "zz\N{RIGHT-TO-LEFT OVERRIDE}",
    "zz[/x]",
    "--yes",
    "~root",
    "=ls",
    "[/x]",
]

# What a shell receives for a word and its description. In zsh, `\\:` is a colon.
WORD = r"(?:[A-Za-z0-9_./@=+-]|:|\\\\:)+"
PRINTED = {
    "bash": rf"({WORD}\n)+",
    "zsh": rf"""_arguments '\*: :\(\(("{WORD}":"({WORD}| )*"\n?)+\)\)'\n""",
    "fish": rf"({WORD}\t({WORD}| )*\n)+",
}


@pytest.mark.parametrize("shell", PRINTED)
def test_unsafe_names(at_emulator: Server, shell: str) -> None:
    """A model whose name is special in a shell is offered by its ID only, beside others."""
    ids = [at_emulator.add_model(name=name).id for name in UNSAFE_NAMES]
    at_emulator.add_model(name="zz-safe")

    names, _ = complete(shell, "root-signals models get zz")
    everything, err = complete(shell, "root-signals models get ")

    assert len(names.splitlines()) == 1
    assert "zz-safe" in names
    assert all(model_id in everything for model_id in ids)
    assert re.fullmatch(PRINTED[shell], everything)
    assert err == ""


def test_unsafe_profiles(run: Run, home: Path) -> None:
    """A profile whose name is special in a shell is not offered."""
    run("config", "set", "zz-safe")
    file = home / ".config" / "root-signals" / "config.toml"
    file.write_text(f"{file.read_text()}\n[profiles.'zz touch x']\nkey = 'file'\n")

    assert complete("bash", "root-signals config use zz")[0].split() == ["zz-safe"]
    assert complete("zsh", "root-signals --profile zz")[0].count("zz") == 1


def test_long_descriptions() -> None:
    """The description of a completion is one line: fish would offer what follows a line break."""
    out, _ = complete("fish", "root-signals models create --ke", COLUMNS="20")

    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("problem", ["no key", "refused", "hangs"])
def test_errors_are_silent(emulator: Server, problem: str) -> None:
    """On an error, nothing is completed or printed, and completion ends soon."""
    environment = {"ROOTSIGNALS_API_KEY": "" if problem == "no key" else emulator.api_key}
    if problem == "refused":
        environment["ROOTSIGNALS_API_URL"] = "http://127.0.0.1:1"
    elif problem == "hangs":
        environment["ROOTSIGNALS_API_URL"] = emulator.url
        emulator.fail_next(delay=3600)

    command = (sys.executable, "-m", "root")
    out, err = output(command, "bash", "root-signals models get a", environment)

    assert (out.strip(), err) == ("", "")
    emulator.clear_faults()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "inserted"),
    [
        ("my-o", "my-own/model"),
        # Bash splits words at a colon, and replaces only the part after it.
        ("a/b : 8", "8b"),
        ("a/b :", "8b"),
        ("a/b", "a/b:8b"),
        # Bash completes words after an @ as host names, and replaces them with the @.
        ("c @ 2", "@2024"),
        ("c @", "@2024"),
        ("x = y", "yz"),
        ("x =", "yz"),
        # Within quotes.
        ("\\'my-o", "my-own/model"),
    ],
)
def test_in_bash(at_emulator: Server, tmp_path: Path, words: str, inserted: str) -> None:
    """The script completes names with special characters in bash itself."""
    for name in ("my-own/model", "a/b:8b", "c@2024", "x=yz"):
        at_emulator.add_model(name=name)
    command = tmp_path / "root-signals"
    command.write_text(f"#!{sys.executable}\n{PATIENT}")
    command.chmod(0o755)
    # The steps of bash when the tabulator key is pressed.
    script = f"""
eval "$(_ROOT_SIGNALS_COMPLETE=source_bash {command})"
COMP_WORDS=({command} --base-url http : //127.0.0.1 : {at_emulator.url.rsplit(":")[-1]} \
    models get {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_root_signals_completion {command}
echo "${{COMPREPLY[@]}}"
"""

    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == (f"{inserted}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A completion script is printed for each shell."""
    # Otherwise the script is for the shell that runs the tests.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = subprocess.run(
        [sys.executable, "-m", "root", "--show-completion", shell],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "_ROOT_SIGNALS_COMPLETE" in done.stdout
