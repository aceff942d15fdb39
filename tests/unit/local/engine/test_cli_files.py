"""Files that the real Pulumi CLI wrote are read, and what is written back has the CLI's form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from local.engine import project, state, wire
from local.engine.secrets import Crypter, WrongPassphraseError
from tests.integration.engines.places import Place, in_process
from tests.integration.engines.same_state import differences, misplaced, read
from tests.integration.engines.scenarios import RECORDED

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


@pytest.mark.parametrize("stack", ["secrets", *RECORDED])
def test_what_is_written_back_is_what_the_cli_wrote_but_for_its_stamps(stack: str, tmp_path: Path) -> None:
    recorded, path = CLI / f"{stack}.json", tmp_path / "written.json"
    name = "test" if stack == "secrets" else stack
    state.write(path, state.encode(state.load(recorded, "toys", name, PASSPHRASE)))

    assert differences(read(recorded), read(path)) == []
    assert misplaced(read(path)) == []


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A stack that the CLI has left, in a world that has what its state tells of."""
    place = Place(tmp_path, request.param)
    place.target.state_path.parent.mkdir(parents=True)
    for stack in {"plain", place.stack}:
        shutil.copy(CLI / f"{stack}.json", place.target.state_path.with_name(f"{stack}.json"))
    for resource in place.checkpoint.resources:
        if resource.type == "toy:index:Thing":
            made = {key: value for key, value in wire.reveal(resource.outputs).items() if key != "address"}
            place.stage.world.things[resource.id] = {**made, "urn": resource.urn}
    return place


WELL_ENDED = [stack for stack, recorded in RECORDED.items() if not recorded.fails]


@pytest.mark.parametrize("place", WELL_ENDED, indirect=True)
def test_where_the_cli_has_been_there_is_nothing_left_to_do(place: Place) -> None:
    before = place.document

    outcome = in_process(place.program(RECORDED[place.stack].texts[-1]))

    assert not outcome.failed, outcome.text
    assert place.calls() == []
    assert differences(before, place.document) == []


@pytest.mark.parametrize("place", ["failed-hook"], indirect=True)
def test_what_a_hook_stopped_under_the_cli_is_stopped_by_it_again_and_goes_on_without_it(
    place: Place,
) -> None:
    """The CLI keeps what was done before the hook, and nothing of what the hook stands before."""
    before = place.document
    refused = in_process(place.program(RECORDED[place.stack].texts[-1]))

    assert refused.failed
    assert "the gate is shut" in refused.text
    assert place.calls() == []
    assert differences(before, place.document) == []

    open_gate = RECORDED[place.stack].texts[0].replace("size=1", "size=2")
    outcome = in_process(place.program(open_gate))

    assert not outcome.failed, outcome.text
    assert place.calls() == ["update gated"]


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
