"""Writing of files of models."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from root import InvalidRequestError, RegistryError, RootSignals, registry
from root.emulator import Server
from root.models import ModelSettings

from .files import SECRET

strings = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
entries = st.fixed_dictionaries(
    # The service strips whitespace, so whitespace alone is not a name.
    {"name": strings.filter(str.strip)},
    optional={
        "model": strings,
        "max_output_token_count": st.integers(800, 2**40),
        "max_token_count": st.none() | st.integers(0, 2**31 - 1),
        "url": st.none() | strings,
    },
)


@given(models=st.lists(entries, unique_by=lambda entry: str(entry["name"]).strip()))
def test_round_trip(models: list[ModelSettings], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A written file is read with the same values, whatever characters they contain."""
    path = tmp_path_factory.mktemp("registry") / "models.yaml"
    registry.write(models, path)
    assert registry.read(path, environment={}) == models


def test_text_of_a_file(tmp_path: Path) -> None:
    """A file refers to its schema, explains that keys are omitted, and contains none."""
    models: list[ModelSettings] = [
        {"url": "http://a$b", "name": "on", "default_key": SECRET, "max_token_count": 5}
    ]
    text = registry.dump(models, schema="./registry.schema.json")

    assert text == (
        "# yaml-language-server: $schema=./registry.schema.json\n"
        "# Models for the Root Signals API. Keys cannot be read back, so this file has none."
        " If a model\n"
        "# needs one, add `default_key: ${NAME}` (an environment variable) or `default_key_file:"
        " path`.\n"
        "models:\n"
        "- name: 'on'\n"
        "  max_token_count: 5\n"
        "  url: http://a$$b\n"
    )
    registry.write(models, tmp_path / "a.yaml", schema="./registry.schema.json")
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == text
    assert registry.dump([]).endswith("models: []\n")
    assert "$schema" not in registry.dump([])


def test_unwritable_files(tmp_path: Path) -> None:
    """An unknown field, a wrong value and a folder that does not exist are errors."""
    with pytest.raises(InvalidRequestError, match="'nme'"):
        registry.dump([{"nme": "a"}])
    with pytest.raises(InvalidRequestError, match=r"'name' of a model must be .* not list"):
        registry.dump([{"name": ["a"]}])
    with pytest.raises(RegistryError, match="the file cannot be written: No such file"):
        registry.write([], tmp_path / "none" / "models.yaml")


def test_failed_writing_keeps_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written completely is unchanged, and no temporary file is left."""
    path = tmp_path / "models.yaml"
    registry.write([{"name": "a"}], path)
    before = path.read_text(encoding="utf-8")
    real = Path.write_text

    def write_half(path: Path, text: str, **options: str) -> int:
        real(path, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(RegistryError, match="No space left on device"):
        registry.write([{"name": "b"}], path)

    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither symbolic links nor modes.")
def test_links_and_modes(tmp_path: Path) -> None:
    """Writing follows a symbolic link, and keeps the mode of the file."""
    (tmp_path / "real.yaml").touch(0o640)
    (tmp_path / "link.yaml").symlink_to("real.yaml")

    registry.write([{"name": "a"}], tmp_path / "link.yaml")

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").stat().st_mode & 0o777 == 0o640
    assert registry.read(tmp_path / "real.yaml") == [{"name": "a"}]


def test_exported_models(emulator: Server, tmp_path: Path) -> None:
    """A file of the existing models makes an empty plan; an edit of it is planned as a change."""
    path = tmp_path / "models.yaml"
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.models.create_many([{"name": "a$b", "url": "http://a"}, {"name": "on"}])
        registry.write(client.models.export(), path)

        assert not client.models.plan(registry.read(path), prune=True)

        path.write_text(path.read_text(encoding="utf-8").replace("http://a", "http://b"))
        plan = client.models.plan(registry.read(path), prune=True)
        assert [change.name for change in plan.changes if change.action == "update"] == ["a$b"]


def test_files_do_not_control_the_terminal() -> None:
    """Control characters are escaped, those that reverse the direction of text included."""
    name = "a\x1b[2J\x9b\u202eb\u2028\u200b\U000e0041 \N{NO-BREAK SPACE}é\N{THUMBS UP SIGN}"

    text = registry.dump([{"name": name, "url": "é"}])

    assert text.replace("\n", "").isprintable()
    assert "url: é" in text
    assert yaml.safe_load(text)["models"] == [{"name": name, "url": "é"}]
