"""Encrypted configuration and secret outputs: the same through both engines, and never on the screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.integration.engines.places import Place, cli, in_process
from tests.integration.engines.same_state import differences
from tests.integration.engines.write_fixtures import FIXTURES
from tests.integration.project import Project

ENGINES = ["in-process", pytest.param("cli", marks=pytest.mark.pulumi)]
PASSPHRASE, HIDDEN = "a passphrase", "open sesame"

_PROGRAM = """
config = pulumi.Config()
thing = ThingResource("thing", password=config.require_secret("password"))
nested = config.require_secret_object("nested")
ThingResource("user", needs=thing.name, tags=nested)
pulumi.export("password", config.require_secret("password"))
pulumi.export("nested", nested)
"""


@pytest.mark.pulumi
def test_encrypted_configuration_ends_the_same_and_stays_secret(tmp_path: Path) -> None:
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    for place, engine in ((ours, in_process), (theirs, cli)):
        shutil.copy(FIXTURES / "Pulumi.test.yaml", place.folder)
        outcome = engine(place.program(_PROGRAM))

        assert not outcome.failed, outcome.text
        assert HIDDEN not in outcome.text
        assert [t.get("password") for t in place.stage.world.things.values()].count(HIDDEN) == 1
        assert HIDDEN not in place.target.state_path.read_text()
        assert "deep" not in place.target.state_path.read_text()
    assert differences(theirs.document, ours.document) == []
    for place, engine in ((ours, cli), (theirs, in_process)):
        place.calls()
        before = place.document

        assert not engine(place).failed
        assert place.calls() == []
        assert differences(before, place.document) == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project with a program that exports what its stack file has encrypted."""
    project = Project.copy_to(tmp_path)
    encrypted = yaml.safe_load((FIXTURES / "Pulumi.test.yaml").read_text())
    document = {
        "encryptionsalt": encrypted["encryptionsalt"],
        "config": {"node-on-ecs:password": encrypted["config"]["toys:password"]},
    }
    (project.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(document))
    (project.folder / "__main__.py").write_text(
        "import pulumi\n"
        "pulumi.export('password', pulumi.Config().require_secret('password'))\n"
        "pulumi.export('plain', 'text')\n"
    )
    return project


@pytest.mark.docker
@pytest.mark.parametrize("engine", ENGINES)
def test_secret_outputs_are_masked_on_the_screen(project: Project, engine: str) -> None:
    project.engine = engine
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    try:
        run = project.run("preview")
    finally:
        project.run("down")

    assert run.code == 0, run.text
    outputs = [line.split(":")[-1].strip(' "') for line in run.text.splitlines() if ":" in line]
    assert {"[secret]", "text"} <= set(outputs)
    assert HIDDEN not in run.text


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("passphrase", ["another", None])
def test_a_wrong_or_missing_passphrase_is_one_sentence(
    project: Project, engine: str, passphrase: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    project.engine = engine
    if passphrase is not None:
        project.environment["PULUMI_CONFIG_PASSPHRASE"] = passphrase

    run = project.run("up")

    assert run.code == 1
    assert run.text == (
        "error: the passphrase does not open the secrets: set PULUMI_CONFIG_PASSPHRASE to the one that the "
        "stack was made with\n"
    )
