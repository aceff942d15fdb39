"""`from-compose`: a whole file, exactly."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from automation import go_yaml
from automation.convert import compose_command, output
from automation.convert.compose_command import from_compose
from automation.errors import AutomationError
from tests.unit.automation.convert.compose_app import write

COMPOSE = """
services:
  web:
    build: ./web
    ports: ["80:3000"]
    environment: {NODE_ENV: production, API_URL: "http://api:4000"}
    healthcheck: {test: [CMD, wget, -q, "http://localhost:3000/ok"]}
  api:
    build: ./api
    expose: ["4000"]
    environment: {DATABASE_URL: "postgres://u:p@db/x"}
  db: {image: postgres}
"""
EXPECTED = """\
# yaml-language-server: $schema=docs/pulumi-stack.schema.json
# From compose.yaml, by `python -m automation from-compose`: docs/from-compose.md has each field and its key. A
# service takes from the first one whatever it does not say itself.
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
  toys:health-check-command: [CMD, wget, -q, "http://localhost:3000/ok"]
  toys:connect:
    enabled: true
    protocol: tcp
    calls: [api]
  toys:services:
    api:
      exposure: none
      app-path: api
      container-port: 4000
      user: '1000'
      environment:
        NODE_ENV: null
        API_URL: null
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
    monkeypatch.setattr(compose_command, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(from_compose, ["--stack", "prod", *arguments])


def test_the_file_of_this_folder_becomes_a_stack_file(project: Path) -> None:
    result = call("--write")

    assert result.exit_code == 0, result.output
    assert (project / "Pulumi.prod.yaml").read_text().startswith(EXPECTED)
    assert "toys:name" in go_yaml.read(project / "Pulumi.prod.yaml")["config"]


def test_what_is_not_the_same_is_counted(project: Path) -> None:
    result = call()

    assert result.stdout.startswith(f"# Pulumi.prod.yaml\n{EXPECTED}")
    assert "Without a counterpart (1):\n  - db image: left out, for it is PostgreSQL" in result.stderr
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
    """A stack file of an example, with the salt that Pulumi has written."""
    path = project / "Pulumi.prod.yaml"
    path.write_text(f"config:\n  toys:domain: {domain}\nencryptionsalt: v1:abc=\n")
    return path


def test_an_example_is_replaced_but_for_its_key(project: Path) -> None:
    path = example(project)

    result = call("--write")

    assert result.exit_code == 0, result.output
    assert f"wrote {path}, in place of the example" in result.stderr.replace("\n", "")
    assert path.read_text().startswith(EXPECTED)
    assert go_yaml.read(path)["encryptionsalt"] == "v1:abc="


def test_an_example_with_changes_that_git_does_not_have_stays(project: Path) -> None:
    path = example(project)
    before = path.read_text()
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)

    assert isinstance(call("--write").exception, AutomationError)
    assert path.read_text() == before


def test_a_refusal_names_the_command_that_overwrites_and_nothing_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = example(project, "www.shop.com").read_text()
    words = ["from-compose", "--stack", "prod", "--write", "--report", "to do.md"]
    monkeypatch.setattr(output.sys, "argv", ["automation", *words])

    result = call(*words[3:])

    command = "`python -m automation from-compose --stack prod --write --report 'to do.md' --force`"
    assert f"nothing was written: {command} overwrites" in str(result.exception)
    assert (project / "Pulumi.prod.yaml").read_text() == before
    assert not (project / "to do.md").exists()
