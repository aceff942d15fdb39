"""`from-compose`: the stack file, byte for byte, and where it is written."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from automation import go_yaml
from automation.convert import output
from automation.convert.compose_command import from_compose
from automation.errors import AutomationError
from tests.unit.automation.convert.compose_app import write

COMPOSE = """
services:
  web:
    build: ./web
    ports: ["80:3000"]
    environment: {NODE_ENV: production, API_URL: "http://api:4000"}
    healthcheck: {test: [CMD, wget, -q, 'http://localhost:3000/ok']}
  api:
    build: ./api
    expose: ["4000"]
    environment: {DATABASE_URL: "postgres://u:p@db/x"}
  db: {image: postgres}
"""
EXPECTED = """\
# yaml-language-server: $schema=docs/pulumi-stack.schema.json
# Converted from compose.yaml by `python -m automation from-compose`; docs/from-compose.md lists each field and its
# key. A service inherits the keys that it does not set from the main one, at the top.
config:
  toys:app-path: web
  toys:egress:
    - {port: 5432, cidr: 0.0.0.0/0, description: PostgreSQL}
  toys:health-check-path: /ok
  toys:name: web
  toys:container-port: 3000
  toys:user: node
  toys:environment:
    NODE_ENV: production
    API_URL: http://api:4000
  toys:health-check-command: [CMD, wget, -q, 'http://localhost:3000/ok']
  toys:connect:
    enabled: true
    protocol: tcp
    calls: [api]
  toys:services:
    api:
      exposure: none
      app-path: api
      inherit-environment: false
      container-port: 4000
      user: '1000'
      secrets:
        DATABASE_URL: /toys/prod/DATABASE_URL
      connect:
        enabled: true
        protocol: tcp
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a Compose file."""
    dockerfiles = {"web/Dockerfile": "FROM node:24\nUSER node\n", "api/Dockerfile": "FROM node:24\n"}
    write(tmp_path, COMPOSE, **dockerfiles, **{"Pulumi.yaml": "name: toys\nruntime: python\n"})
    monkeypatch.setattr(output, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(from_compose, ["--stack", "prod", *arguments])


def test_the_file_of_this_folder_is_converted(project: Path) -> None:
    result = call("--write")

    assert result.exit_code == 0, result.output
    assert (project / "Pulumi.prod.yaml").read_text().startswith(EXPECTED)
    assert "toys:name" in go_yaml.read(project / "Pulumi.prod.yaml")["config"]


def test_the_report_counts_its_notes(project: Path) -> None:
    result = call()

    assert result.stdout.startswith(f"# Pulumi.prod.yaml\n{EXPECTED}")
    assert "Without a counterpart (1):\n  - db image: left out, since it is PostgreSQL" in result.stderr
    assert list(project.glob("Pulumi.prod.yaml")) == []


def test_on_a_terminal_the_report_is_printed_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(output, "sys", SimpleNamespace(stdout=terminal, stderr=terminal, argv=[]))

    result = call()

    assert result.output.count("db image: left out") == 1
    assert "Nothing was written" in result.stderr
    assert "db image: left out" in call("--write").stderr
    assert project.exists()


def example(project: Path, domain: str = "www.example.com") -> Path:
    """An example of a stack file, with an encryption salt."""
    path = project / "Pulumi.prod.yaml"
    path.write_text(f"config:\n  toys:domain: {domain}\nencryptionsalt: v1:abc=\n")
    return path


def test_an_example_is_replaced_except_for_its_encryption_key(project: Path) -> None:
    path = example(project)

    result = call("--write")

    assert result.exit_code == 0, result.output
    assert f"wrote {path}, in place of the example" in result.stderr.replace("\n", "")
    assert path.read_text().startswith(EXPECTED)
    assert go_yaml.read(path)["encryptionsalt"] == "v1:abc="


def test_an_example_with_uncommitted_changes_is_kept(project: Path) -> None:
    path = example(project)
    before = path.read_text()
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)

    assert isinstance(call("--write").exception, AutomationError)
    assert path.read_text() == before


def test_an_existing_file_is_kept_and_the_message_has_the_command_that_overwrites_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = example(project, "www.shop.com").read_text()
    arguments = ["from-compose", "--stack", "prod", "--write", "--report", "to do.md"]
    monkeypatch.setattr(output.sys, "argv", ["automation", *arguments])

    result = call(*arguments[3:])

    command = "`python -m automation from-compose --stack prod --write --report 'to do.md' --force`"
    assert f"nothing was written: {command} overwrites" in str(result.exception)
    assert (project / "Pulumi.prod.yaml").read_text() == before
    assert not (project / "to do.md").exists()
