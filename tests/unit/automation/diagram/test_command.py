"""`diagram`, as it is typed."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automation.cli import cli
from automation.cost.resources import Stack
from automation.diagram import command
from automation.errors import AutomationError
from tests.unit.automation.diagram.conftest import resource, service, stack_of

Run = Callable[..., tuple[int, str, str]]
STATE: list[dict[str, Any]] = [
    {
        "urn": "urn:pulumi:dev::p::pulumi:providers:aws::aws",
        "type": "pulumi:providers:aws",
        "custom": True,
        "inputs": {"region": "eu-west-1"},
    },
    {
        "urn": "urn:pulumi:dev::p::aws:ecs/service:Service::deployed",
        "type": "aws:ecs/service:Service",
        "custom": True,
        "inputs": {"desiredCount": 2},
    },
]


class FakeStacks:
    """Stacks of a project, of which one is deployed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def resources(self, stack: str) -> list[dict[str, Any]]:
        return STATE if stack == "dev" else []


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command in a project's folder; get the result, output and errors."""
    for name in ("dev", "prod", "pr-12"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    (tmp_path / "docs" / "images").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def plan(name: str, root: Path) -> Stack:
        assert root == tmp_path
        return stack_of(service(f"web-of-{name}"))

    monkeypatch.setattr(command, "plan", plan)

    def typed(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["diagram", *arguments], obj=FakeStacks(tmp_path), standalone_mode=False)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


def test_it_draws_what_is_declared(run: Run, tmp_path: Path) -> None:
    assert run("dev") == (0, "dev-stack.svg\n", "")
    assert "web-of-dev" in (tmp_path / "dev-stack.svg").read_text()


def test_it_draws_what_is_deployed(run: Run, tmp_path: Path) -> None:
    run("dev", "--deployed")

    drawn = (tmp_path / "dev-stack.svg").read_text()
    assert "service deployed: 2 tasks" in drawn
    assert "in eu-west-1" in drawn


def test_what_is_not_deployed_cannot_be_drawn(run: Run) -> None:
    with pytest.raises(AutomationError, match="prod has no resources: leave --deployed out, or bring it up"):
        run("prod", "--deployed")


@pytest.mark.parametrize(
    ("ending", "begin"), [("svg", b"<svg "), ("png", b"\x89PNG"), ("dot", b"digraph"), ("mmd", b"flowchart")]
)
def test_the_ending_says_in_which_form(ending: str, begin: bytes, run: Run, tmp_path: Path) -> None:
    run("dev", "--out", f"it.{ending}")

    assert (tmp_path / f"it.{ending}").read_bytes().startswith(begin)


def test_a_png_is_twice_as_wide_for_dense_screens_and_has_its_own_font(run: Run, tmp_path: Path) -> None:
    run("dev", "--out", "it.png")
    content = (tmp_path / "it.png").read_bytes()

    assert struct.unpack(">I", content[16:20]) == (1800,)
    # Without a font there would be boxes alone.
    assert len(content) > 10_000


def test_a_png_without_the_packages_that_draw_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    with pytest.raises(AutomationError, match="a PNG needs the package resvg_py: run `make venv`"):
        run("dev", "--out", "it.png")


def test_another_ending_is_refused_with_those_there_are(run: Run) -> None:
    with pytest.raises(command.click.BadParameter, match=r"it\.jpg must end in one of \.svg, \.png, \.dot, "):
        run("dev", "--out", "it.jpg")


def test_a_file_that_cannot_be_written_is_told(run: Run) -> None:
    with pytest.raises(AutomationError, match=r"missing/it\.svg cannot be written: No such file"):
        run("dev", "--out", "missing/it.svg")


def test_json_is_the_model_and_writes_a_file_only_where_one_is_asked_for(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("dev", "--json")
    before = list(tmp_path.glob("*.svg"))
    run("dev", "--json", "--out", "it.svg")

    assert json.loads(out)["nodes"][-1]["name"] == "web-of-dev"
    assert (before, (tmp_path / "it.svg").exists()) == ([], True)


def test_all_stacks_are_drawn_for_the_documents_but_none_of_a_pull_request(run: Run, tmp_path: Path) -> None:
    run("--all")

    assert sorted(path.name for path in (tmp_path / "docs" / "images").iterdir()) == [
        "dev-stack.svg",
        "prod-stack.svg",
    ]


@pytest.mark.parametrize("arguments", [[], ["--all", "dev"], ["--all", "--json"]])
def test_a_stack_or_all_of_them_must_be_named(arguments: list[str], run: Run) -> None:
    with pytest.raises(command.click.UsageError):
        run(*arguments)


def test_what_no_picture_has_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "plan", lambda *_: stack_of(resource("mq/broker:Broker", "queue")))

    assert "aws:mq/broker:Broker queue" in run("dev")[2]
