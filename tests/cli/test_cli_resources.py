"""The groups of commands for evaluators, objectives, data sets and logs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from root import RootSignals
from root.emulator import Server
from root.evaluators import Eval
from tests.cli.conftest import Run
from tests.cli.test_cli_completion import complete
from tests.filled import fill
from tests.scripted_server import ScriptedServer, Step, responds

UNKNOWN = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"


def printed(run: Run, *arguments: str, stdin: str = "") -> Any:
    """Return the JSON that a command prints."""
    done = run(*arguments, "-o", "json", stdin=stdin)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_run_an_evaluator(run: Run, at_emulator: Server) -> None:
    """An evaluator runs by name and by ID, and the log has the options."""
    by_name = printed(
        run,
        *("evaluators", "run", "Faithfulness", "--response", "It is here.", "--request", "Where?"),
        *("--context", "a", "--context", "b", "--tag", "t", "--user-id", "u"),
        *("--session-id", "s", "--variable", "x=1=2"),
    )
    (evaluator,) = printed(run, "evaluators", "list", "--name", "Faithfulness")
    by_id = printed(run, "evaluators", "run", evaluator["id"], "--response", "a", "--context", "b")

    log = printed(run, "logs", "get", by_name["execution_log_id"])
    assert by_name["evaluator_name"] == by_id["evaluator_name"] == "Faithfulness"
    assert 0 <= by_name["score"] <= 1
    assert log["evaluation_context"]["contexts"] == ["a", "b"]
    assert (log["tags"], log["user_id"], log["session_id"]) == (["t"], "u", "s")
    assert log["variables"]["x"] == "1=2"


def test_response_from_stdin(run: Run, at_emulator: Server) -> None:
    """A response of - is read from stdin."""
    printed(run, "evaluators", "run", "Clarity", "--response", "-", stdin="From a pipe.")

    (log,) = printed(run, "logs", "list")
    assert log["response_preview"] == "From a pipe."


def test_attributes_of_evaluators(run: Run, at_emulator: Server) -> None:
    """All commands find an evaluator of the service by its attribute, unless one has that name."""
    word, preset = "Safety_for_Children", Eval.Safety_for_Children.value

    assert printed(run, "evaluators", "get", word)["id"] == preset
    ran = printed(run, "evaluators", "run", word, "--response", "a")
    judge = printed(run, "judges", "create", "Kind", "Be kind.", "--evaluator", word)
    assert ran["evaluator_name"] == "Safety for Children"
    assert [one["id"] for one in judge["evaluators"]] == [preset]
    printed(run, "evaluators", "create", word, "Is {{response}} safe?", "--intent", "a")
    assert printed(run, "evaluators", "get", word)["id"] != preset


@pytest.mark.parametrize("command", [("create", "Kind"), ("generate",)], ids=["create", "generate"])
def test_intent_of_a_judge(run: Run, at_emulator: Server, command: tuple[str, ...]) -> None:
    """The intent of a judge is an argument or an option, and not both."""
    intent = "Answers of a bank are polite"

    given: list[tuple[str, ...]] = [(intent,), ("--intent", intent)]
    for arguments in given:
        printed(run, "judges", *command, *arguments)
        sent: Any = at_emulator.requests[-1].json
        assert sent["intent"] == intent
    for arguments in ((), given[0] + given[1]):
        done = run("judges", *command, *arguments)
        assert (done.code, "either as INTENT or with --intent" in done.err) == (64, True)


def test_wrong_variable(run: Run, at_emulator: Server) -> None:
    """A variable without a value is an invalid command line."""
    done = run("evaluators", "run", "Clarity", "--response", "a", "--variable", "x")

    assert (done.code, "NAME=VALUE" in done.err) == (64, True)


def test_nothing_to_evaluate(run: Run, at_emulator: Server) -> None:
    """A run without a text is an invalid command line."""
    done = run("evaluators", "run", "Clarity")

    assert (done.code, "nothing to evaluate" in done.err) == (64, True)


def test_create_get_and_delete_an_evaluator(run: Run, at_emulator: Server) -> None:
    """An evaluator is created, found by its name, and deleted."""
    created = printed(
        run, "evaluators", "create", "Mine", "-", "--intent", "a", stdin="Is {{response}} short?"
    )

    assert created["scoring_criteria"] == "Is {{response}} short?"
    assert printed(run, "evaluators", "get", "Mine")["id"] == created["id"]
    done = run("evaluators", "delete", "Mine", "--yes")
    assert (done.code, done.err) == (0, f"Deleted Mine ({created['id']}).\n")
    assert run("evaluators", "get", "Mine").code == 4


def test_delete_an_evaluator_of_the_service(run: Run, at_emulator: Server) -> None:
    """The error for an evaluator that nobody can delete has the reason."""
    done = run("evaluators", "delete", "Clarity", "--yes")

    assert done.code
    text = "This evaluator belongs to the service. It cannot be changed or deleted."
    assert text in " ".join(done.err.split())


def test_update_an_evaluator(run: Run, at_emulator: Server) -> None:
    """An evaluator is changed where options are given, by its name or its ID."""
    created = printed(
        run, "evaluators", "create", "Mine", "Is {{response}} short?", "--intent", "a"
    )

    changed = printed(
        run,
        *("evaluators", "update", "Mine", "--name", "Ours", "--text", "-", "--model", "gpt-4o"),
        *("--fallback-model", "gpt-4o-mini", "--behavior", "fast", "--change-note", "Kinder."),
        stdin="Is {{response}} kind?",
    )
    again = printed(run, "evaluators", "update", created["id"], "--change-note", "Once more.")

    assert (changed["id"], changed["name"]) == (created["id"], "Ours")
    assert changed["scoring_criteria"] == "Is {{response}} kind?"
    assert (changed["models"], changed["behavior"]) == (["gpt-4o", "gpt-4o-mini"], "fast")
    assert changed["change_note"] == "Kinder."
    assert (again["name"], again["models"]) == ("Ours", changed["models"])


def test_create_and_update_a_judge(run: Run, at_emulator: Server) -> None:
    """A judge is created of evaluators with names or IDs, and changed where options are given."""
    evaluators = ("--evaluator", "Politeness", "--evaluator", Eval.Relevance.value)

    created = printed(
        run, "judges", "create", "Bank", "Replies are kind.", *evaluators, "--stage", "Replies"
    )
    changed = printed(run, "judges", "update", "Bank", "--intent", "Replies are short.")
    smaller = printed(run, "judges", "update", created["id"], "--evaluator", "Conciseness")

    assert [one["name"] for one in created["evaluators"]] == ["Politeness", "Relevance"]
    assert (created["intent"], created["stage"]) == ("Replies are kind.", "Replies")
    assert changed["id"] == created["id"]
    assert (changed["intent"], changed["stage"]) == ("Replies are short.", "Replies")
    assert len(changed["evaluators"]) == 2
    assert [one["name"] for one in smaller["evaluators"]] == ["Conciseness"]
    assert len(printed(run, "judges", "list")) == 1


def test_a_judge_of_an_unknown_evaluator(run: Run, at_emulator: Server) -> None:
    """A judge is not created if an evaluator does not exist, or the name of one is ambiguous."""
    printed(run, "evaluators", "create", "Clarity", "Is {{response}} clear?", "--intent", "a")

    for name, code in (("no such evaluator", 4), ("Clarity", 64)):
        done = run("judges", "create", "Bank", "Replies are kind.", "--evaluator", name)
        assert (done.code, name in done.err) == (code, True)
    assert printed(run, "judges", "list") == []


def test_judges(run: Run, at_emulator: Server) -> None:
    """A judge is generated, runs by its name and its ID, and is deleted."""
    generated = printed(run, "judges", "generate", "Answers of a bank are polite", "--name", "Bank")
    assert "claim_token" not in generated

    by_name = printed(run, "judges", "run", "Bank", "--response", "a", "--request", "b")
    by_id = printed(run, "judges", "run", generated["judge_id"], "--response", "a", "--tag", "t")

    assert len(by_name["evaluator_results"]) == len(by_id["evaluator_results"]) > 0
    assert printed(run, "judges", "get", "Bank")["id"] == generated["judge_id"]
    assert printed(run, "logs", "list", "--tag", "t", "--execution-type", "judge")
    assert [one["name"] for one in printed(run, "judges", "list")] == ["Bank"]
    assert run("judges", "delete", "Bank", "--yes").code == 0
    assert printed(run, "judges", "list") == []


def test_generation_that_was_not_completed(run: Run, at_emulator: Server) -> None:
    """A judge without evaluators is printed, with an exit code, the reason and what to do."""
    intent = "Answers of a bank are polite [multiple stages]"

    done = run("judges", "generate", intent, "--name", "Bank", "-o", "json")

    judge_id = json.loads(done.out)["judge_id"]
    assert done.code == 1
    assert f"The judge {judge_id} was not completed: multiple_stages." in done.err
    assert "'First response', 'Follow-up'" in done.err
    stage = ("--judge-id", judge_id, "--stage", "Follow-up")
    assert printed(run, "judges", "generate", intent, *stage)["judge_id"] == judge_id


@pytest.mark.parametrize("code", ["insufficient_intent", "code of a newer service"])
def test_generation_with_another_error(run: Run, at_emulator: Server, code: str) -> None:
    """Any error code of a generation is an error of the command."""
    body = {"judge_id": UNKNOWN, "judge_version_id": UNKNOWN, "error_code": code}
    with ScriptedServer([responds(201, body)]) as server:
        intent = "Answers of a bank are polite"
        done = run("judges", "generate", intent, "--base-url", server.url)

    assert (done.code, code in done.err) == (1, True)


def test_export_and_import_an_evaluator(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """A document that was printed, or written, is an evaluator again."""
    target = tmp_path / "mine.yaml"
    printed(run, "evaluators", "create", "Mine", "Is {{response}} short?", "--intent", "a")

    document = run("evaluators", "export", "Mine").out
    assert run("evaluators", "export", "Mine", "--to", str(target)).code == 0
    assert target.read_text(encoding="utf-8") == document
    assert run("evaluators", "delete", "Mine", "--yes").code == 0
    from_stdin = printed(run, "evaluators", "import", "-", stdin=document)
    from_file = printed(run, "evaluators", "import", str(target), "--overwrite")

    for created in (from_stdin, from_file):
        assert (created["name"], created["scoring_criteria"]) == ("Mine", "Is {{response}} short?")
    assert from_file["id"] == from_stdin["id"]


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["missing", "not UTF-8"])
def test_files_that_cannot_be_read(
    run: Run, at_emulator: Server, tmp_path: Path, content: bytes | None
) -> None:
    """A file that cannot be read is an invalid command line."""
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)

    for arguments in (("evaluators", "import"), ("judges", "batch", UNKNOWN)):
        done = run(*arguments, str(path))
        assert (done.code, str(path) in done.err) == (64, True)


def test_refine(run: Run, at_emulator: Server) -> None:
    """A response is refined by a judge with a name."""
    printed(run, "judges", "generate", "Answers of a bank are polite", "--name", "Bank")

    result = printed(
        run, "judges", "refine", "Bank", "--response", "-", "--request", "b", stdin="No."
    )

    assert result["original_response"] == "No."
    assert result["improved_response"]


def test_batch(run: Run, at_emulator: Server) -> None:
    """A judge runs on the inputs of a file; a table has a row for each score."""
    printed(run, "judges", "generate", "Answers of a bank are polite", "--name", "Bank")
    lines = '{"request": "a", "response": "b"}\n\n{"response": "c\u2028d"}\r\n'
    Path("inputs.jsonl").write_bytes(lines.encode())

    items = printed(run, "judges", "batch", "Bank", "inputs.jsonl", "--tag", "t")
    table = run("judges", "batch", "Bank", "-", "-o", "csv", stdin=lines)

    assert [(one["index"], one["status"]) for one in items] == [(0, "completed"), (1, "completed")]
    assert [one["input"]["response"] for one in items] == ["b", "c\u2028d"]
    assert len(printed(run, "logs", "list", "--tag", "t", "--execution-type", "judge")) == 2
    assert table.out.startswith("index,status,evaluator_name,score,justification\n")
    count = sum(len(one["evaluator_results"]) for one in items)
    assert table.out.count(",completed,") == count
    assert "The batch is " in table.err
    low = run("judges", "batch", "Bank", "inputs.jsonl", "--min-score", "1")
    assert low.code == 10


def test_files_with_a_byte_order_mark(run: Run, at_emulator: Server) -> None:
    """A file of inputs, and a document, may begin with a byte order mark, as editors write it."""
    judge = printed(run, "judges", "generate", "Answers of a bank are polite")["judge_id"]
    printed(run, "evaluators", "create", "Mine", "Is {{response}} short?", "--intent", "a")
    Path("inputs.jsonl").write_text('\ufeff{"response": "b"}\n', encoding="utf-8")
    document = "\ufeff" + run("evaluators", "export", "Mine").out
    Path("mine.yaml").write_text(document, encoding="utf-8")

    (item,) = printed(run, "judges", "batch", judge, "inputs.jsonl")
    (piped,) = printed(run, "judges", "batch", judge, "-", stdin='\ufeff{"response": "b"}\n')
    imported = printed(run, "evaluators", "import", "mine.yaml", "--overwrite")

    assert item["input"]["response"] == piped["input"]["response"] == "b"
    assert imported["name"] == "Mine"


def test_partial_batch(run: Run, at_emulator: Server) -> None:
    """The results of a batch are printed although some inputs failed, which is an exit code."""
    printed(run, "judges", "generate", "Answers of a bank are polite", "--name", "Bank")

    done = run(
        *("judges", "batch", "Bank", "-", "-o", "jsonl"),
        stdin=f'{{"response": "a"}}\n{{"response": "b", "project_id": "{UNKNOWN}"}}\n',
    )

    assert done.code == 9
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["completed", "failed"]
    assert "Failed: 1 of 2 inputs." in done.err


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "no inputs"), ("{}\n[]", "Line 2"), ("{", "Line 1"), ('{"respons": "a"}', "respons")],
)
def test_invalid_inputs(run: Run, at_emulator: Server, text: str, problem: str) -> None:
    """Inputs that are not valid are an invalid command line, and nothing is sent."""
    done = run("judges", "batch", UNKNOWN, "-", stdin=text)

    assert (done.code, problem in done.err) == (64, True)


def test_objectives(run: Run, at_emulator: Server) -> None:
    """An objective is created, found by its intent, changed and deleted."""
    created = printed(run, "objectives", "create", "Is it polite?")

    updated = printed(run, "objectives", "update", "Is it polite?", "--intent", "Is it kind?")

    assert updated["id"] == created["id"]
    assert printed(run, "objectives", "get", created["id"])["intent"] == "Is it kind?"
    assert run("objectives", "delete", "Is it kind?", "--yes").code == 0
    assert printed(run, "objectives", "list", "--intent", "Is it kind?") == []


def test_datasets(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """A data set is created from a file, found by its name, and downloaded."""
    source, target = tmp_path / "rows.csv", tmp_path / "copy.csv"
    source.write_bytes(b"a,b\r\n\xff\r\n")

    created = printed(
        run, "datasets", "create", str(source), "--name", "Rows", "--type", "test", "--has-header"
    )

    assert (created["name"], created["type"], created["has_header"]) == ("Rows", "test", True)
    assert run("datasets", "download", "Rows", "--to", str(target)).code == 0
    assert target.read_bytes() == source.read_bytes()
    assert printed(run, "datasets", "get", "Rows")["id"] == created["id"]


def test_a_data_set_is_printed(run: Run, at_emulator: Server) -> None:
    """Without a file to write, the file of a data set is printed as it is."""
    Path("rows.csv").write_bytes("a,b\r\n1,Größe\r\n".encode())
    printed(run, "datasets", "create", "rows.csv")

    assert run("datasets", "download", "rows.csv").out == "a,b\r\n1,Größe\r\n"


def test_ambiguous_name(run: Run, at_emulator: Server) -> None:
    """A name that several have is an error that has their IDs."""
    ids = [printed(run, "datasets", "create", "--name", "Rows")["id"] for _ in range(2)]

    done = run("datasets", "delete", "Rows", "--yes")

    assert done.code == 64
    assert all(one in done.err for one in ids)
    assert len(printed(run, "datasets", "list")) == 2


def test_ambiguous_names_are_not_run(run: Run, at_emulator: Server) -> None:
    """What costs money is not run by a name that several have; an ID is never ambiguous."""
    own = printed(run, "evaluators", "create", "Clarity", "Is {{response}} clear?", "--intent", "a")
    with RootSignals() as client:
        for _ in range(2):
            client.judges.create(name="Twin", intent="Replies are good.")

    for group, name in (("evaluators", "Clarity"), ("judges", "Twin")):
        done = run(group, "run", name, "--response", "a")
        assert (done.code, "is ambiguous" in done.err, done.out) == (64, True, "")
    assert printed(run, "logs", "list") == []
    assert printed(run, "evaluators", "run", own["id"], "--response", "a")["score"] is not None


def test_requests_of_a_run(run: Run, at_emulator: Server) -> None:
    """A name needs a request for the listing, and an ID none."""
    for word, count in ((Eval.Clarity.value, 1), ("Clarity", 2)):
        before = len(at_emulator.requests)
        printed(run, "evaluators", "run", word, "--response", "a")
        assert len(at_emulator.requests) - before == count


def test_a_name_that_is_not_listed_is_run(run: Run, at_emulator: Server) -> None:
    """A name that no listed evaluator has is left to the service to look up."""
    name = "Safety_for_Children"

    result = printed(run, "evaluators", "run", name, "--response", "a")

    assert result["evaluator_name"] == "Safety for Children"


def test_logs(run: Run, at_emulator: Server) -> None:
    """Logs are listed with filters and included fields, and their tags are replaced."""
    for text in ("a", "b"):
        printed(run, "evaluators", "run", "Clarity", "--response", text, "--tag", text)

    (log,) = printed(
        run, "logs", "list", "--tag", "a", "--min-score", "0", "--include", "variables"
    )
    assert log["variables"]["response"] == "a"
    assert printed(run, "logs", "list", "--date-from", "2999-01-01") == []
    assert run("logs", "set-tags", log["id"], "--tag", "c", "--tag", "d").code == 0
    assert printed(run, "logs", "get", log["id"])["tags"] == ["c", "d"]
    assert run("logs", "set-tags", log["id"], "--clear").code == 0
    assert printed(run, "logs", "get", log["id"])["tags"] == []
    assert run("logs", "set-tags", log["id"]).code == 64


FILTERS_OF_LOGS = [
    (("--judge-id", UNKNOWN), {"judge_id": UNKNOWN}),
    (("--batch-execution-id", UNKNOWN), {"batch_execution_id": UNKNOWN}),
    (("--parent-execution-log-id", UNKNOWN), {"parent_execution_log_id": UNKNOWN}),
    (("--model", "gpt-4o"), {"model": "gpt-4o"}),
    (("--owner-email", "ada@example.com"), {"owner_email": "ada@example.com"}),
    (("--min-cost", "0.5"), {"min_cost": "0.5"}),
    (("--max-cost", "2"), {"max_cost": "2.0"}),
    (("--unique-evaluators",), {"unique_evaluators": "true"}),
    (("--unique-skills",), {"unique_skills": "true"}),
    (("--has-session-id",), {"has_session_id": "true"}),
    (("--no-has-session-id",), {"has_session_id": "false"}),
    ((), {}),
]


@pytest.mark.parametrize(("options", "query"), FILTERS_OF_LOGS, ids=str)
def test_filters_of_logs(
    run: Run, at_emulator: Server, options: tuple[str, ...], query: dict[str, str]
) -> None:
    """Each filter of logs is an option, and nothing is sent for those that are not given."""
    with ScriptedServer([responds(body={"next": None, "results": []})]) as server:
        done = run("logs", "list", *options, "--base-url", server.url)

    assert done.code == 0, done.err
    target = urlsplit(server.requests[0].split()[1].decode())
    assert dict(parse_qsl(target.query)) == {"page_size": "100", **query}


@pytest.mark.parametrize("group", ["evaluators", "judges", "objectives", "datasets", "logs"])
def test_unknown_id(run: Run, at_emulator: Server, group: str) -> None:
    """An unknown ID has the exit code 4, and the hint names the group."""
    done = run(group, "get", UNKNOWN)

    assert done.code == 4
    assert f"root-signals {group} list --all" in done.err


@pytest.mark.parametrize("group", ["evaluators", "judges", "objectives", "datasets"])
def test_unknown_name(run: Run, at_emulator: Server, group: str) -> None:
    """An unknown name has the exit code 4, and the hint names the group."""
    done = run(group, "get", "no such name")

    assert done.code == 4
    assert f"root-signals {group} list --all" in done.err


def test_partial_deletion(run: Run, at_emulator: Server) -> None:
    """If one of several deletions fails, the others are done, and the exit code is 9."""
    kept = printed(run, "datasets", "create", "--name", "a")["id"]

    done = run("datasets", "delete", UNKNOWN, kept, "--yes")

    assert done.code == 9
    assert f"Deleted {kept}." in done.err
    assert printed(run, "datasets", "list") == []


@pytest.mark.parametrize("group", ["evaluators", "judges", "objectives", "datasets"])
def test_deletion_is_confirmed(run: Run, at_emulator: Server, group: str) -> None:
    """Without a terminal and without --yes, nothing is deleted."""
    done = run(group, "delete", UNKNOWN)

    assert (done.code, "--yes" in done.err) == (64, True)


def test_limit(run: Run, at_emulator: Server) -> None:
    """A listing that is cut prints a message, and --all prints everything."""
    for number in range(3):
        printed(run, "datasets", "create", "--name", f"Rows {number}")

    done = run("datasets", "list", "--limit", "2", "-o", "json")

    assert len(json.loads(done.out)) == 2
    assert "Only 2 data sets are listed" in done.err
    everything = run("datasets", "list", "--all", "-o", "json")
    assert (len(json.loads(everything.out)), everything.err) == (3, "")


@pytest.mark.parametrize("format", ["table", "jsonl", "csv", "yaml"])
def test_formats(run: Run, at_emulator: Server, format: str) -> None:
    """A listing is printed in every format, with the names of owners and objectives."""
    printed(run, "datasets", "create", "--name", "Rows")

    done = run("datasets", "list", "-o", format)

    assert done.code == 0
    assert "Rows" in done.out


def test_objectives_in_tables(run: Run, at_emulator: Server) -> None:
    """A table shows the intent of an objective."""
    done = run("evaluators", "list", "--limit", "1", "-o", "table")

    assert "Evaluates the faithfulness" in done.out
    assert '"intent"' not in done.out


def test_completion(run: Run, at_emulator: Server) -> None:
    """IDs and names of each group are completed."""
    data_set = printed(run, "datasets", "create", "--name", "Rows")["id"]
    log = printed(run, "evaluators", "run", "Clarity", "--response", "a")["execution_log_id"]

    assert "Clarity" in complete("bash", "root-signals evaluators run Clar")[0].split()
    assert "Rows" in complete("zsh", "root-signals datasets get Ro")[0]
    assert data_set in complete("bash", f"root-signals datasets delete {data_set[:8]}")[0]
    assert log in complete("fish", f"root-signals logs get {log[:8]}")[0]


def test_no_key_is_printed(run: Run, at_emulator: Server) -> None:
    """Errors and debug logs contain no key."""
    done = run("evaluators", "run", "no such evaluator", "--response", "a", "--debug")

    assert done.code == 4
    assert at_emulator.api_key not in done.out + done.err


def add_judge() -> None:
    """Create the judge `Replies` of two evaluators."""
    with RootSignals() as client:
        evaluators = [{"id": Eval.Politeness.value}, {"id": Eval.Relevance.value}]
        client.judges.create(
            name="Replies", intent="Replies are good.", evaluator_references=evaluators
        )


@pytest.mark.parametrize(("minimum", "code"), [("0", 0), ("0.5", 0), ("0.51", 10)])
def test_minimum_score(run: Run, at_emulator: Server, minimum: str, code: int) -> None:
    """A lower score than --min-score has an exit code of its own, and the result is printed."""
    at_emulator.set_score("Politeness", 0.5, "It is curt.")

    done = run("evaluators", "run", "Politeness", "--response", "No.", "--min-score", minimum)

    assert done.code == code
    assert re.search(r"score: +0\.5\n", done.out)
    if code:
        assert done.err == "Politeness gave the score 0.5; --min-score is 0.51.\n"


@pytest.mark.parametrize("minimum", ["-0.1", "1.1", "nan"])
def test_impossible_minimum_score(run: Run, at_emulator: Server, minimum: str) -> None:
    """A minimum that no score can be compared with is an error before anything is sent."""
    done = run("evaluators", "run", "Politeness", "--response", "No.", "--min-score", minimum)

    assert done.code == 64
    assert "--min-score must be between 0 and 1." in done.err
    assert not at_emulator.requests


def test_minimum_score_without_a_score(run: Run, at_emulator: Server) -> None:
    """A result without a score does not reach a minimum."""
    add_judge()
    at_emulator.set_score("Politeness", None, "It cannot be read.")

    done = run("judges", "run", "Replies", "--response", "No.", "--min-score", "0")

    assert done.code == 10
    assert "Politeness gave no score" in done.err


def test_scores_of_a_judge(run: Run, at_emulator: Server) -> None:
    """A table has a row for each evaluator of a judge, and --min-score applies to each."""
    add_judge()
    at_emulator.set_score("Politeness", 0.25, "It is curt.")
    at_emulator.set_score("Relevance", 1, "It is to the point.")

    done = run("judges", "run", "Replies", "--response", "No.", "--min-score", "0.7")

    assert done.code == 10
    assert re.findall(r"^(\S+) +([\d.]+) +(.+)$", done.out, re.MULTILINE) == [
        ("Politeness", "0.25", "It is curt."),
        ("Relevance", "1.0", "It is to the point."),
    ]
    assert "Politeness gave the score 0.25; --min-score is 0.7.\n" in done.err
    assert "Relevance gave" not in done.err


GROUPS = ("models", "evaluators", "judges", "objectives", "logs")


@pytest.fixture
def filled(at_emulator: Server) -> Server:
    """The emulator, with several objects of each kind."""
    return fill(at_emulator)


@pytest.mark.parametrize("group", GROUPS)
def test_details(run: Run, filled: Server, group: str) -> None:
    """With --details, a listing has all fields of `get`, in the same order of objects."""
    listed = printed(run, group, "list", "--limit", "3")

    detailed = printed(run, group, "list", "--limit", "3", "--details")

    assert [one["id"] for one in detailed] == [one["id"] for one in listed]
    for one in detailed:
        assert one == one | printed(run, group, "get", one["id"])


@pytest.mark.parametrize("group", [*GROUPS, "datasets"])
@pytest.mark.parametrize("details", [(), ("--details",)], ids=["listed", "details"])
def test_columns(run: Run, filled: Server, group: str, details: tuple[str, ...]) -> None:
    """The columns are the same whatever is listed, and some object has a value in most of them."""
    if details and group == "datasets":
        details = ()
    command = (group, "list", *details, "-o")

    full = run(*command, "csv").out.splitlines()
    empty = run(*command, "csv", "--limit", "0").out.splitlines()
    table = run(*command, "table").out.splitlines()

    assert full[0] == empty[0]
    assert len(empty) == 1 < len(full)
    assert table[0].split() == full[0].split(",")


def test_columns_of_details(run: Run, filled: Server) -> None:
    """Only a listing with details has columns for what only details have."""
    listed = run("models", "list", "-o", "csv").out.splitlines()[0]
    detailed = run("models", "list", "--details", "-o", "csv").out.splitlines()

    assert listed == "id,name,visibility,provider,owner"
    assert detailed[0] == f"{listed},model,url,max_token_count,max_output_token_count"
    assert "PRIVATE,,main@emulator.invalid,own/3,http://gpu,5," in detailed[1]


def test_only_matches_are_retrieved(run: Run, filled: Server) -> None:
    """Only models that match the options are retrieved."""
    before = len(filled.requests)

    models = printed(run, "models", "list", "--details", "--all", "--name", "own/*")

    assert [model["url"] for model in models] == ["http://gpu"] * 4
    paths = [request.path for request in filled.requests[before:]]
    assert len([path for path in paths if path != "/v1/models/"]) == 4


def test_new_fields(run: Run, at_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields that are newer than this release follow the known columns."""
    page = {"results": [{"id": "1", "name": "a", "color": "red"}, {"id": "2", "name": "b"}]}
    with ScriptedServer([responds(body=page)]) as server:
        done = run("models", "list", "-o", "csv", "--base-url", server.url)

    assert done.out.splitlines() == [
        "id,name,visibility,provider,owner,color",
        "1,a,,,,red",
        "2,b,,,,",
    ]


def test_details_of_a_deleted_model(run: Run, at_emulator: Server) -> None:
    """A model that is deleted meanwhile is left out; another error ends the command."""
    page = {"results": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]}

    def choose(request: bytes) -> Step:
        if b"/models/1/" in request:
            return responds(404, {"detail": "Not found."})
        if b"/models/2/" in request:
            return responds(status, {"id": "2", "name": "b", "detail": "No."})
        return responds(body=page)

    status = 200
    with ScriptedServer([], choose=choose) as server:
        command = ("models", "list", "--details", "-o", "jsonl", "--base-url", server.url)
        found = run(*command)
        status = 403
        refused = run(*command)

    assert json.loads(found.out)["id"] == "2"
    assert (refused.out, refused.code != 0) == ("", True)
