"""`from-copilot`: the files that it writes, and where it writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from automation import go_yaml
from automation.convert import output
from automation.convert.copilot_command import from_copilot
from automation.errors import AutomationError
from tests.unit.automation.convert.copilot_app import WEB, app

EXPECTED = """\
# yaml-language-server: $schema=docs/pulumi-stack.schema.json
# Converted from copilot: application shop, environment test, by `python -m automation from-copilot`;
# docs/from-copilot.md lists each field and its key. A service inherits the keys that it does not set from the main
# one, at the top.
config:
  aws:region: eu-west-1
  toys:image: public.ecr.aws/docker/library/node:24
  toys:nat: none
  toys:container-insights: disabled
  toys:health-check-path: /
  toys:unhealthy-threshold: 2
  toys:deregistration-delay-seconds: 60
  toys:name: web
  toys:architecture: x86_64
  toys:container-port: 8080
  toys:environment:
    A: '1.20'
  toys:health-check-command: []
  toys:health-check-grace-period-seconds: 60
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a Copilot application."""
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
    app(tmp_path, web=f"{WEB}variables: {{A: 1.20}}\n")
    monkeypatch.setattr(output, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(from_copilot, ["--region", "eu-west-1", *arguments])


def test_stack_files_are_printed_and_nothing_is_written(project: Path) -> None:
    before = sorted(project.rglob("*"))
    result = call()

    assert result.stdout.startswith(f"# Pulumi.test.yaml\n{EXPECTED}")
    assert "Nothing was written" in result.stderr
    assert sorted(project.rglob("*")) == before


def test_a_stack_file_ends_with_the_report(project: Path) -> None:
    call("--write")
    text = (project / "Pulumi.test.yaml").read_text()

    assert text.startswith(EXPECTED)
    assert "\n# Not the same as before (5):\n#   - web image: Copilot runs a ready image" in text
    assert go_yaml.read(project / "Pulumi.test.yaml")["config"]["toys:environment"] == {"A": "1.20"}


def test_an_existing_file_is_overwritten_only_with_force(project: Path) -> None:
    file = project / "Pulumi.test.yaml"
    file.write_text("mine\n")
    result = call("--write")

    assert isinstance(result.exception, AutomationError)
    assert "--force` overwrites" in str(result.exception)
    assert file.read_text() == "mine\n"
    assert call("--write", "--force").exit_code == 0
    assert file.read_text() != "mine\n"


def test_out_creates_its_folder(project: Path) -> None:
    assert call("--out", "new/files").exit_code == 0

    assert (project / "new" / "files" / "Pulumi.test.yaml").exists()


def test_report_writes_a_list_to_tick_off(project: Path) -> None:
    call("--report", "todo.md")

    assert "## Stack test\n\n### Not the same as before\n\n- [ ] " in (project / "todo.md").read_text()


@pytest.mark.usefixtures("project")
def test_json_prints_one_document() -> None:
    document = json.loads(call("--json").stdout)

    assert document["stacks"]["test"]["config"]["container-port"] == 8080
    assert {note["kind"] for note in document["notes"]["test"]} == {"differs"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["--environment", "moon"], "there is no environment 'moon'"),
        (["--set", "A"], "expected NAME=VALUE"),
        (["--write", "--out", "x"], "not both"),
    ],
)
def test_invalid_options_are_rejected(arguments: list[str], message: str) -> None:
    result = call(*arguments)

    assert result.exit_code != 0
    assert message in f"{result.output}{result.exception}"
