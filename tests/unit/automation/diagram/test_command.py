"""`diagram` on the command line."""

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
    """The stacks of a project, of which dev is deployed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.states = STATE

    def resources(self, stack: str) -> list[dict[str, Any]]:
        return self.states if stack == "dev" else []


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command in a project's folder."""
    for name in ("dev", "prod", "pr-12"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    monkeypatch.chdir(tmp_path)

    def plan(name: str, root: Path) -> Stack:
        assert root == tmp_path
        return stack_of(service(f"web-of-{name}"))

    monkeypatch.setattr(command, "plan", plan)

    def call(*arguments: str, states: list[dict[str, Any]] = STATE) -> tuple[int, str, str]:
        stacks = FakeStacks(tmp_path)
        stacks.states = states
        code = cli.main(["diagram", *arguments], obj=stacks, standalone_mode=False)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_declared_stack_is_drawn_into_the_documents_folder(run: Run, tmp_path: Path) -> None:
    assert run("dev") == (0, "docs/images/dev-stack.svg\n", "")
    assert "web-of-dev" in (tmp_path / "docs/images/dev-stack.svg").read_text()


def test_the_deployed_stack_is_drawn_into_a_file_of_its_own(run: Run, tmp_path: Path) -> None:
    assert run("dev", "--deployed")[1] == "docs/images/dev-deployed.svg\n"

    drawn = (tmp_path / "docs/images/dev-deployed.svg").read_text()
    assert "service deployed: 2 tasks" in drawn
    assert "in eu-west-1" in drawn


def test_a_stack_without_resources_cannot_be_drawn(run: Run) -> None:
    with pytest.raises(
        AutomationError,
        match="prod has no resources: leave --deployed out, or run `python -m automation up prod`",
    ):
        run("prod", "--deployed")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"urn": 1}, "the state of dev: a resource has `urn` 1, which must be a string"),
        ({"inputs": "x"}, "the state of dev: a resource has `inputs` 'x', which must be an object"),
        ({"inputs": {"desiredCount": "two"}}, "desiredCount = 'two' is not an integer"),
        (
            {"inputs": {"volumeConfiguration": {"managedEbsVolume": {"sizeInGb": "x"}}}},
            r"the state of dev cannot be drawn: .*ValueError.*; `python -m automation refresh dev`",
        ),
        (
            {"inputs": {"networkConfiguration": {"subnets": 3}}},
            "the state of dev cannot be drawn: .*TypeError",
        ),
    ],
    ids=["URN", "inputs", "count", "disk", "subnets"],
)
def test_a_state_that_was_edited_by_hand_is_an_error(fields: dict[str, Any], message: str, run: Run) -> None:
    provider, service_state = STATE

    with pytest.raises(AutomationError, match=message):
        run("dev", "--deployed", states=[provider, {**service_state, **fields}])


@pytest.mark.parametrize(
    ("ending", "begin"), [("svg", b"<svg "), ("png", b"\x89PNG"), ("dot", b"digraph"), ("mmd", b"flowchart")]
)
def test_the_ending_selects_the_format(ending: str, begin: bytes, run: Run, tmp_path: Path) -> None:
    run("dev", "--out", f"it.{ending}")

    assert (tmp_path / f"it.{ending}").read_bytes().startswith(begin)


def test_a_png_has_twice_the_pixels_and_a_font(run: Run, tmp_path: Path) -> None:
    run("dev", "--out", "it.png")
    content = (tmp_path / "it.png").read_bytes()

    assert struct.unpack(">I", content[16:20]) == (1800,)
    # Without a font it would have no text.
    assert len(content) > 10_000


def test_a_png_without_its_packages_is_an_error_with_the_command_to_install_them(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    with pytest.raises(AutomationError, match="a PNG needs the package resvg_py: run `make venv`"):
        run("dev", "--out", "it.png")


def test_another_ending_is_rejected(run: Run) -> None:
    with pytest.raises(command.click.BadParameter, match=r"it\.jpg must end in one of \.svg, \.png, \.dot, "):
        run("dev", "--out", "it.jpg")


def test_a_file_that_cannot_be_written_is_an_error(run: Run) -> None:
    with pytest.raises(AutomationError, match=r"missing/it\.svg cannot be written: No such file"):
        run("dev", "--out", "missing/it.svg")


def test_json_is_the_model_and_writes_a_file_only_with_out(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("dev", "--json")
    before = list(tmp_path.rglob("*.svg"))
    run("dev", "--json", "--out", "it.svg")

    assert json.loads(out)["nodes"][-1]["name"] == "web-of-dev"
    assert (before, (tmp_path / "it.svg").exists()) == ([], True)


def test_all_draws_each_stack_except_those_of_pull_requests(run: Run, tmp_path: Path) -> None:
    run("--all")

    assert sorted(path.name for path in (tmp_path / "docs" / "images").iterdir()) == [
        "dev-stack.svg",
        "prod-stack.svg",
    ]


@pytest.mark.parametrize("arguments", [[], ["--all", "dev"], ["--all", "--json"]])
def test_a_stack_or_all_is_required(arguments: list[str], run: Run) -> None:
    with pytest.raises(command.click.UsageError):
        run(*arguments)


def test_resources_of_unknown_types_are_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "plan", lambda *_: stack_of(resource("mq/broker:Broker", "queue")))

    assert "aws:mq/broker:Broker queue" in run("dev")[2]
