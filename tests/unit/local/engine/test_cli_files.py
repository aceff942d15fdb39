"""Files that the real Pulumi CLI wrote are read, and what is written back has the CLI's form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from local.engine import project, state, wire
from local.engine.secrets import Crypter, WrongPassphraseError

CLI = Path(__file__).resolve().parents[3] / "fixtures" / "cli"
PASSPHRASE = "a passphrase"


@pytest.fixture(autouse=True)
def real_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.engine.secrets.ROUNDS", 1_000_000)


def load(passphrase: str = PASSPHRASE) -> state.Checkpoint:
    return state.load(CLI / "secrets.json", "toys", "test", passphrase)


def test_secret_outputs_of_the_cli_are_opened() -> None:
    outputs = load().outputs()

    assert outputs["plain"] == "text"
    assert outputs["password"] == wire.secret("open sesame")
    assert wire.reveal(outputs["token"]) == {"nested": ["hush", 1]}


def test_a_wrong_passphrase_is_one_sentence() -> None:
    with pytest.raises(WrongPassphraseError, match="PULUMI_CONFIG_PASSPHRASE"):
        load("another")


def test_what_is_written_back_is_what_the_cli_wrote_but_for_its_stamps(tmp_path: Path) -> None:
    path = tmp_path / "stacks" / "toys" / "test.json"
    state.write(path, state.encode(load()))

    def comparable(file: Path) -> object:
        document = json.loads(file.read_text())
        del document["checkpoint"]["latest"]["manifest"]
        return _without_ciphertext(document)

    assert comparable(path) == comparable(CLI / "secrets.json")


def test_secrets_survive_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "stacks" / "toys" / "test.json"
    state.write(path, state.encode(load()))

    again = state.load(path, "toys", "test", PASSPHRASE)

    assert again.outputs() == load().outputs()


def test_encrypted_configuration_of_the_cli_is_opened(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
    shutil.copy(CLI / "Pulumi.test.yaml", tmp_path)

    config = project.load(tmp_path, "test", PASSPHRASE)

    assert config.values["toys:password"] == "open sesame"
    assert json.loads(config.values["toys:nested"]) == {"key": "deep", "plain": "shallow"}
    assert sorted(config.secret_keys) == ["toys:nested", "toys:password"]


def _without_ciphertext(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_ciphertext(item) for key, item in value.items() if key != "ciphertext"}
    if isinstance(value, list):
        return [_without_ciphertext(item) for item in value]
    return value


def test_what_warms_up_a_state_is_what_loads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[Crypter] = []

    def remember(crypter: Crypter) -> None:
        warmed.append(crypter)

    monkeypatch.setattr(Crypter, "warm_up", remember)

    state.warm_up(CLI / "secrets.json", PASSPHRASE)

    assert warmed == [load().crypter]


@pytest.mark.parametrize("content", [None, "", "rubbish", '"salt": "v1:rubbish"'])
def test_warming_up_leaves_it_to_the_loading_to_tell_what_is_wrong(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "dev.json"
    if content is not None:
        path.write_text(content)

    state.warm_up(path, PASSPHRASE)
