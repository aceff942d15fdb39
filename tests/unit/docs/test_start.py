"""The exercises for newcomers name what exists, and README leads to each of them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import yaml

from tests.unit.infra.settings_fixtures import PROJECT_ROOT, settings_of, stack_file
from tests.unit.test_makefile import TARGETS
from tests.unit.test_workflows import commands_of, understood

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
START = (PROJECT_ROOT / "docs" / "start.md").read_text(encoding="utf-8")
EXERCISES = re.findall(r"(?ms)^## (\d\. .*?)\n(.*?)(?=^## )", START)
LINES = {
    line.strip()
    for text in (README, START)
    for block in re.findall(r"(?ms)^```(?:sh|console)\n(.*?)^```", text)
    for line in block.splitlines()
}


def blocks(kind: str, text: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```", text)


def test_the_page_has_the_five_exercises_of_readme() -> None:
    assert [title for title, _ in EXERCISES] == [
        "1. Run it",
        "2. Change the number of tasks",
        "3. Bring your own app",
        "4. Add a worker",
        "5. See why a deployment failed",
    ]
    assert "(docs/start.md)" in README


@pytest.mark.parametrize(("title", "text"), EXERCISES, ids=[title for title, _ in EXERCISES])
def test_an_exercise_changes_dev_as_it_ships(title: str, text: str) -> None:
    """Its keys are added to the stack file; each makes another stack."""
    for block in blocks("yaml", text):
        config = yaml.safe_load(block)["config"]

        assert settings_of({**stack_file("dev"), **config}) != settings_of(stack_file("dev")), title


def test_the_worker_has_no_load_balancer_and_uses_the_apps_image() -> None:
    (block,) = blocks("yaml", dict(EXERCISES)["4. Add a worker"])
    settings = settings_of({**stack_file("dev"), **yaml.safe_load(block)["config"]})
    (worker,) = [one for one in settings.services if one.name == "worker"]

    assert (worker.exposure, worker.command[:2]) == ("none", ("node", "-e"))


def test_every_target_of_make_exists() -> None:
    named = {line.removeprefix("$ ").split()[1] for line in LINES if re.match(r"(\$ )?make [a-z]", line)}

    assert {"up", "down", "status", "logs", "preview"} <= named
    assert named <= set(TARGETS)


@pytest.mark.parametrize("words", commands_of("\n".join(sorted(LINES))), ids=" ".join)
def test_the_exercises_commands_are_accepted_by_the_command_line(words: list[str]) -> None:
    understood(words)


def test_the_failing_app_prints_the_lines_that_the_page_shows() -> None:
    text = dict(EXERCISES)["5. See why a deployment failed"]
    (block,) = blocks("yaml", text)
    command: Any = yaml.safe_load(block)["config"]["node-on-ecs:command"]
    thrown = re.search(r"Error\('(.*)'\)", shlex.join(command).replace("'\"'\"'", "'"))

    assert thrown is not None
    assert f"| Error: {thrown[1]}" in text


def test_the_app_of_readme_is_the_example() -> None:
    """Shown in part, in the order of the file."""
    app = (PROJECT_ROOT / "docs/examples/express/server.js").read_text(encoding="utf-8").splitlines()
    stack = (PROJECT_ROOT / "docs/examples/express.yaml").read_text(encoding="utf-8")
    (shown,) = blocks("js", README)
    (config,) = blocks("yaml", README)

    places = [app.index(line) for line in shown.splitlines()]
    assert places == sorted(places)
    assert yaml.safe_load(config) == yaml.safe_load(stack)


def test_readme_fits_on_three_screens() -> None:
    assert README.count("\n") <= 120


def test_the_keys_of_readme_are_valid() -> None:
    for block in blocks("yaml", README):
        assert settings_of(yaml.safe_load(block)["config"]) != settings_of({})


def test_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises((click.UsageError, AssertionError)):
        understood(["--local", "lgos", "dev"])
