"""`root-signals models`: its commands."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from root import registry
from root.emulator import Server
from tests.cli.conftest import Run
from tests.scripted_server import ScriptedServer, responds

KEY = "sk-the-key-of-the-provider"


def test_create_and_get(run: Run, at_emulator: Server) -> None:
    """A model is created with the given fields, and retrieved by its ID and its name."""
    done = run(
        *("models", "create", "ollama/llama3", "--model", "llama3", "--url", "http://gpu-7:11434"),
        *("--max-token-count", "8192", "--max-output-token-count", "900", "-o", "json"),
    )

    assert done.code == 0
    model_id = json.loads(done.out)["id"]
    by_id = run("models", "get", model_id, "-o", "json")
    by_name = run("models", "get", "ollama/llama3", "-o", "json")
    assert by_id == by_name
    assert json.loads(by_id.out) == {
        "id": model_id,
        "name": "ollama/llama3",
        "model": "llama3",
        "url": "http://gpu-7:11434",
        "max_token_count": 8192,
        "max_output_token_count": 900,
    }


def test_key_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider's key is read from stdin and sent, but not printed."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "the-key-of-the-service")
    with ScriptedServer([responds(201, {"id": "1", "name": "azure/gpt-4o"})]) as server:
        done = run(
            *("models", "create", "azure/gpt-4o", "--key", "-", "--debug"),
            *("--base-url", f"http://127.0.0.1:{server.port}"),
            stdin=f"{KEY}\n",
        )

    assert done.code == 0
    assert f'"default_key":"{KEY}"'.encode() in server.requests[0]
    assert KEY not in done.out + done.err


def test_key_is_no_argument(run: Run, at_emulator: Server) -> None:
    """A key as an argument is rejected, and not printed."""
    done = run("models", "create", "azure/gpt-4o", "--key", KEY, "--debug")

    assert done.code == 64
    assert "--key accepts only '-'" in done.err
    assert KEY not in done.err
    assert not at_emulator.models


def test_missing_key(run: Run, at_emulator: Server) -> None:
    """If stdin is empty, no model is created."""
    done = run("models", "create", "azure/gpt-4o", "--key", "-")

    assert (done.code, len(at_emulator.models)) == (64, 0)
    assert "stdin is empty" in done.err


def test_update(run: Run, at_emulator: Server) -> None:
    """Given fields are changed, cleared fields are removed, and others keep their value."""
    run("models", "create", "a", "--url", "http://a", "--max-token-count", "5")

    done = run("models", "update", "a", "--name", "b", "--clear-url")

    assert done.code == 0
    (model,) = at_emulator.models
    assert (model.name, model.url, model.max_token_count) == ("b", None, 5)


def test_update_of_a_key(run: Run, at_emulator: Server) -> None:
    """A key is set, and removed."""
    run("models", "create", "a")

    run("models", "update", "a", "--key", "-", stdin=KEY)
    run("models", "update", "a", "--clear-key")

    sent = [one.json for one in at_emulator.requests if one.method == "PATCH"]
    assert sent == [{"default_key": "[masked]"}, {"default_key": None}]


def test_update_with_conflicting_options(run: Run, at_emulator: Server) -> None:
    """Setting and clearing the same field is rejected."""
    run("models", "create", "a")

    done = run("models", "update", "a", "--url", "http://b", "--clear-url")

    assert done.code == 64
    assert "cannot be combined" in done.err


def test_replace(run: Run, at_emulator: Server) -> None:
    """All settings are sent."""
    run("models", "create", "a", "--url", "http://a")

    done = run("models", "replace", "a", "--name", "c", "--url", "http://c", "-o", "json")

    assert json.loads(done.out)["url"] == "http://c"
    assert [request.method for request in at_emulator.requests][-1] == "PUT"


def test_ensure(run: Run, at_emulator: Server) -> None:
    """A model is created, then updated, then unchanged."""
    for url in ("http://a", "http://b", "http://b"):
        done = run("models", "ensure", "a", "--url", url, "-o", "json")
        assert json.loads(done.out)["url"] == url

    changes = [one.method for one in at_emulator.requests if one.method != "GET"]
    assert changes == ["POST", "PATCH"]


def test_ensure_with_a_key(run: Run, at_emulator: Server) -> None:
    """A key is sent on creation; if the model exists, a warning explains that it was not sent."""
    ensure = ("models", "ensure", "a", "--key", "-")

    created, existing = run(*ensure, stdin=KEY), run(*ensure, stdin=KEY)

    (model,) = at_emulator.models
    assert not created.err
    assert "its key was not sent" in existing.err
    assert f"models update {model.id} --key -" in existing.err
    assert [one.method for one in at_emulator.requests].count("PATCH") == 0


def test_delete(run: Run, at_emulator: Server) -> None:
    """Several models are deleted by name and ID, and each is reported."""
    first = json.loads(run("models", "create", "a", "-o", "json").out)["id"]
    run("models", "create", "b")

    done = run("models", "delete", first, "b", "--yes")

    assert (done.code, done.out) == (0, "")
    assert f"Deleted {first}." in done.err
    assert not at_emulator.models


def test_delete_by_name(run: Run, at_emulator: Server) -> None:
    """Names are looked up in one listing; each model is deleted once, and reported with its ID."""
    first, second = (at_emulator.add_model(name=name).id for name in ("a", "b"))
    run("models", "list", "--all")
    pages = len(at_emulator.requests)

    done = run("models", "delete", "a", "b", "a", "--yes")

    assert done.code == 0
    assert done.err.splitlines() == [f"Deleted a ({first}).", f"Deleted b ({second})."]
    methods = [one.method for one in at_emulator.requests[pages:]]
    assert methods == pages * ["GET"] + 2 * ["DELETE"]


def test_delete_without_a_terminal(run: Run, at_emulator: Server) -> None:
    """Without a terminal, nothing is deleted, and --yes is suggested."""
    run("models", "create", "a")

    done = run("models", "delete", "a")

    assert (done.code, len(at_emulator.models)) == (64, 1)
    assert "--yes" in done.err


def test_partial_delete(run: Run, at_emulator: Server) -> None:
    """If some models cannot be deleted, they are reported, and the exit code is 9."""
    run("models", "create", "a")
    unknown = "00000000-0000-0000-0000-000000000000"

    done = run("models", "delete", unknown, "a", "--yes")

    assert (done.code, len(at_emulator.models)) == (9, 0)
    assert f"Warning: {unknown}" in done.err


def test_ambiguous_names(run: Run, at_emulator: Server) -> None:
    """If two models have the name, the error contains their IDs."""
    for _ in range(2):
        at_emulator.add_model(name="a")

    done = run("models", "get", "a")

    assert done.code == 64
    assert all(model.id in done.err for model in at_emulator.models)


@pytest.mark.parametrize("name", ["d41d8cd98f00b204e9800998ecf8427e", "{" + str(UUID(int=0)) + "}"])
def test_names_like_ids(run: Run, at_emulator: Server, name: str) -> None:
    """A name with as many digits as an ID is a name."""
    model = at_emulator.add_model(name=name)

    assert json.loads(run("models", "get", name, "-o", "json").out)["id"] == model.id
    assert json.loads(run("models", "get", model.id.upper(), "-o", "json").out)["id"] == model.id


def test_own_models_take_precedence(run: Run, at_emulator: Server) -> None:
    """A user's own model takes precedence over a public one, which cannot be deleted."""
    (public,) = json.loads(
        run("models", "list", "--visibility", "public", "--limit", "1", "-o", "json").out
    )
    assert run("models", "delete", public["name"], "--yes").code == 4

    run("models", "create", public["name"])
    done = run("models", "get", public["name"], "-o", "json")

    assert json.loads(done.out)["id"] == at_emulator.models[0].id


def test_verify(run: Run, at_emulator: Server) -> None:
    """The exit code is 0 if a configuration works, and 1 if it does not."""
    run("models", "create", "ollama/llama3", "--url", "http://gpu-7:11434")

    good = run("models", "verify", "ollama/llama3", "-o", "json")
    bad = run("models", "verify", "no/such-model", "-o", "json")

    assert (good.code, json.loads(good.out)["success"]) == (0, True)
    assert (bad.code, json.loads(bad.out)["success"]) == (1, False)


def test_verify_many(run: Run, at_emulator: Server) -> None:
    """Several configurations are verified concurrently, and printed in order, with errors."""
    run("models", "create", "a")
    run("models", "create", "b")
    names = ("a", "no/such-model", "b")

    done = run("models", "verify", *names, "-o", "json")

    assert done.code == 1
    printed = [(one["model"], one["success"]) for one in json.loads(done.out)]
    assert printed == [("a", True), ("no/such-model", False), ("b", True)]
    assert "Of 3 configurations, 1 did not work." in done.err
    assert run("models", "verify", "a", "b").code == 0

    at_emulator.fail_next(2, status=400)
    rejected = run("models", "verify", "a", "b", "-o", "json")
    assert [
        (one["success"], "returned 400" in one["error"]) for one in json.loads(rejected.out)
    ] == 2 * [(None, True)]
    assert rejected.code == 5
    assert "Of 2 configurations, 2 could not be verified." in rejected.err


@pytest.mark.parametrize("command", ["verify", "delete"])
def test_many_with_a_wrong_key(
    run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """If all calls fail for the same reason, the exit code and the hint are those of one."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "a-wrong-key")
    names = [str(UUID(int=number)) for number in range(2)]
    options = ("--yes",) if command == "delete" else ()

    done = run("models", command, *names, *options, "--base-url", emulator.url)

    assert done.code == 3
    assert "config show" in done.err
    assert "did not work" not in done.err


def test_partial_verify(run: Run, at_emulator: Server) -> None:
    """Configurations that do not work and failed calls are counted separately."""
    at_emulator.fail_next(status=400)

    done = run("models", "verify", "no/such-model", "no/other-model", "--concurrency", "1")

    assert done.code == 1
    assert "Of 2 configurations, 1 did not work and 1 could not be verified." in done.err


def test_list_limits(run: Run, at_emulator: Server) -> None:
    """A listing has 100 models, or as many as requested, or all."""
    hundred = run("models", "list", "-o", "json")
    three = run("models", "list", "--limit", "3", "-o", "json")
    none = run("models", "list", "--limit", "0", "-o", "json")
    everything = run("models", "list", "--all", "-o", "json")

    assert len(json.loads(hundred.out)) == 100
    assert len(json.loads(three.out)) == 3
    assert "Only 3 models are listed; use --limit N or --all for more." in three.err
    assert "Only 1 model is listed; " in run("models", "list", "--limit", "1").err
    assert (json.loads(none.out), none.err) == ([], "")
    assert len(json.loads(everything.out)) > 100
    assert not everything.err


def test_list_requests_one_page(run: Run, at_emulator: Server) -> None:
    """A listing of a few models requests one page."""
    run("models", "list", "--limit", "3")

    assert len(at_emulator.requests) == 1


@pytest.mark.parametrize(
    ("filters", "field", "expected"),
    [
        (("--name", "ANTHROPIC/*"), "name", "anthropic/"),
        (("--provider", "anth*"), "provider", "Anthropic"),
        (("--visibility", "private"), "visibility", "PRIVATE"),
        (("--visibility", "PUBLIC"), "visibility", "PUBLIC"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_list_filters(
    run: Run, at_emulator: Server, filters: tuple[str, ...], field: str, expected: str
) -> None:
    """Names and providers are filtered by patterns, and visibility by its value."""
    run("models", "create", "mine")

    found = json.loads(run("models", "list", *filters, "--all", "-o", "json").out)

    assert found
    for model in found:
        value = model[field]["name"] if isinstance(model[field], dict) else model[field]
        assert value.startswith(expected)


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_empty_list(run: Run, at_emulator: Server, options: tuple[str, ...]) -> None:
    """If no model matches, a message is printed, and the result is empty."""
    done = run("models", "list", "--name", "no-such", *options, "-o", "json")

    assert (done.code, json.loads(done.out)) == (0, [])
    assert done.err == "No models found.\n"


def test_list_sorts(run: Run, at_emulator: Server) -> None:
    """A listing is sorted before it is limited, and case is ignored."""
    run("models", "create", "AAA")
    run("models", "create", "aab")
    names = [
        one["name"].lower() for one in json.loads(run("models", "list", "--all", "-o", "json").out)
    ]

    up = json.loads(run("models", "list", "--sort", "name", "--limit", "5", "-o", "json").out)
    down = json.loads(run("models", "list", "--sort", "-name", "--limit", "5", "-o", "json").out)

    assert [one["name"].lower() for one in up] == sorted(names)[:5]
    assert [one["name"].lower() for one in down] == sorted(names, reverse=True)[:5]


@pytest.mark.parametrize("column", ["name", "provider", "visibility", "owner", "id"])
def test_list_sorts_both_ways(run: Run, at_emulator: Server, column: str) -> None:
    """A listing is sorted by each of the columns, in both directions."""
    run("models", "create", "mine")

    up, down = (
        json.loads(run("models", "list", "--all", "--sort", f"{sign}{column}", "-o", "json").out)
        for sign in ("", "-")
    )

    assert [one["id"] for one in up] != [one["id"] for one in down]


def test_formats(run: Run, at_emulator: Server) -> None:
    """Every output format contains the same models."""
    arguments = ("models", "list", "--limit", "4", "--quiet", "--output")
    models = json.loads(run(*arguments, "json").out)

    assert [json.loads(line) for line in run(*arguments, "jsonl").out.splitlines()] == models
    assert yaml.safe_load(run(*arguments, "yaml").out) == models
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "csv").out)))
    assert [row["name"] for row in rows] == [model["name"] for model in models]
    assert [row["provider"] for row in rows] == [model["provider"]["name"] for model in models]
    table = run(*arguments, "table").out
    assert all(model["id"] in table for model in models)


def test_formats_of_one_model(run: Run, at_emulator: Server) -> None:
    """A single model is a row of CSV, a line of JSON, or one object."""
    model = at_emulator.add_model(name="mine", max_token_count=7)
    output = {
        format: run("models", "get", "mine", "-o", format).out
        for format in ("csv", "jsonl", "yaml")
    }

    (row,) = csv.DictReader(io.StringIO(output["csv"]))
    assert (row["id"], row["max_token_count"], row["url"]) == (model.id, "7", "")
    assert json.loads(output["jsonl"]) == yaml.safe_load(output["yaml"])


def test_options_before_the_command(run: Run, at_emulator: Server) -> None:
    """Common options may precede the command; those after it take precedence."""
    before = run("--output", "yaml", "models", "--quiet", "list", "--limit", "1")
    both = run("--output", "yaml", "models", "list", "--limit", "1", "-o", "jsonl")

    assert before.out.startswith("- id:")
    assert not before.err
    assert both.out.startswith("{")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_holds_no_formula(run: Run, at_emulator: Server, begins: str) -> None:
    """No cell of CSV begins like a formula of a spreadsheet."""
    at_emulator.add_model(name="plain", url=f"{begins}HYPERLINK()")
    at_emulator.add_model(name=f"{begins}cmd|' /C calc'!A0")

    done = run("models", "list", "--visibility", "private", "-o", "csv")

    cells = [cell for row in csv.reader(io.StringIO(done.out)) for cell in row]
    assert any("calc" in cell for cell in cells)
    assert not any(cell.startswith(begins) for cell in cells)


def test_names_do_not_control_the_terminal(
    run: Run, at_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters in the name of a model are escaped."""
    monkeypatch.setenv("COLUMNS", "160")
    at_emulator.add_model(name="a\x1b[31mred\x07\nb")

    done = run("models", "list", "--visibility", "private", "-o", "table")

    assert r"a\x1b[31mred\x07\nb" in done.out
    assert "\x1b" not in done.out


def test_export_and_apply(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """An exported file, YAML or JSON, matches the existing models."""
    run("models", "create", "a", "--url", "http://a/$${b}")
    run("models", "create", "b", "--max-token-count", "7")

    for name, options in (("models.yaml", ()), ("models.json", ("--output", "json"))):
        exported = run("models", "export", *options)
        (tmp_path / name).write_text(exported.out)
        assert run("models", "apply", name, "--prune", "--check").code == 0

    rows = list(csv.DictReader(io.StringIO(run("models", "export", "-o", "csv").out)))
    assert rows == [
        {
            "name": name,
            "model": name,
            "url": url,
            "max_token_count": tokens,
            "max_output_token_count": "2048",
        }
        for name, url, tokens in (("b", "", "7"), ("a", "http://a/$${b}", ""))
    ]


def test_schema(run: Run) -> None:
    """The schema of models files is printed, even without a key."""
    done = run("models", "schema")

    assert done.code == 0
    assert json.loads(done.out) == registry.schema()


def test_fields_do_not_forge_lines(run: Run, at_emulator: Server) -> None:
    """Control characters in the name of a field that is unknown are escaped."""
    at_emulator.fail_next(
        status=200, body={"id": "9b2f", "name": "a", "x\x1b[2J\nowner": "somebody"}
    )

    done = run("models", "get", "0191a3c0-0000-7000-8000-000000000000", "-o", "table")

    assert r"x\x1b[2J\nowner: somebody" in done.out
    assert "\nowner" not in done.out
