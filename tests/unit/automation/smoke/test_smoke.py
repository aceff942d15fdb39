"""The steps of `aws-smoke` and their checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.errors import AutomationError
from automation.smoke.smoke import Smoke
from automation.stack_files import DerivedStackFile
from tests.unit.automation.fakes import dev
from tests.unit.infra.rollout.aws import Aws, FakeClock

URL = "http://load-balancer.elb.amazonaws.com"
ROLLED_BACK = "web: ECS rolled it back\n  stopped: web exited with code 3"


@dataclass
class Stacks:
    """The stack smoke in an account."""

    root: Path
    stack_exists: bool = False
    error_of_broken_version: str = ROLLED_BACK
    fails_to: set[str] = field(default_factory=set)
    leftovers: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    configs: list[dict[str, Any]] = field(default_factory=list)

    def exists(self, stack: str) -> bool:
        return self.stack_exists

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        self._do("create")
        self.stack_exists = True

    def up(self, stack: str) -> Mapping[str, Any]:
        config = yaml.safe_load((self.root / "Pulumi.smoke.yaml").read_text())["config"]
        self.configs.append(config)
        self._do("up")
        if "node-on-ecs:command" in config and self.error_of_broken_version:
            raise AutomationError(self.error_of_broken_version)
        return {"url": URL}

    def destroy(self, stack: str) -> None:
        self._do("destroy")

    def remove(self, stack: str) -> None:
        self._do("remove")
        self.stack_exists = False

    def clients(self, settings: object) -> Aws:
        return Aws(
            list_task_definitions={"taskDefinitionArns": []},
            get_resources={"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self.leftovers]},
        )

    def address(self, url: str) -> str:
        return url

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what in self.fails_to:
            raise AutomationError(f"cannot {what}")


@dataclass
class Run:
    stacks: Stacks
    failures: list[str]
    output: str

    @property
    def file_exists(self) -> bool:
        return (self.stacks.root / "Pulumi.smoke.yaml").exists()


def run(
    root: Path,
    *,
    keep: bool = False,
    region: str | None = None,
    answers: Callable[[], int | None] = lambda: 200,
    **stacks: Any,
) -> Run:
    (root / "Pulumi.dev.yaml").write_text(
        "config:\n"
        "  node-on-ecs:domain: dev.example.com\n"
        "  node-on-ecs:zone: example.com\n"
        "  node-on-ecs:nat: none\n"
        "  node-on-ecs:multidev: [alice]\n"
        "  node-on-ecs:autoscaling: {enabled: true}\n"
    )
    fake, lines = Stacks(root, **stacks), list[str]()

    def get_status(url: str) -> int | None:
        assert url == f"{URL}/readyz"
        return answers()

    smoke = Smoke(
        stacks=fake,  # type: ignore[arg-type]
        settings=dev(),
        file=DerivedStackFile(root=root, project="node-on-ecs", stack="smoke", base="dev"),
        region=region,
        remark="the search has limits",
        say=lines.append,
        get_status=get_status,
        clock=FakeClock().clock,
    )
    return Run(fake, smoke.run(keep=keep), "\n".join(lines))


def test_it_succeeds_if_the_broken_version_fails_and_nothing_is_left(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert result.failures == []
    assert result.stacks.done == ["create", "up", "up", "up", "destroy", "remove"]
    assert not result.file_exists
    assert "the old version answered" in result.output
    assert "no resource with the tags Project=node-on-ecs, Stack=dev is left" in result.output


def test_it_deploys_a_working_a_broken_and_the_working_version(tmp_path: Path) -> None:
    configs = run(tmp_path, region="eu-west-1").stacks.configs

    assert configs[0] == {"node-on-ecs:nat": "none", "aws:region": "eu-west-1"}
    assert "process.exit(3)" in str(configs[1]["node-on-ecs:command"])
    assert configs[2] == configs[0]


def test_every_step_prints_its_duration(tmp_path: Path) -> None:
    output = run(tmp_path).output

    assert output.count("    done (") == 7


@pytest.mark.parametrize(
    ("options", "statuses", "failure"),
    [
        (
            {"error_of_broken_version": ""},
            [],
            "the update succeeded, though the app exits as soon as it starts",
        ),
        (
            {"error_of_broken_version": "update failed"},
            [],
            "without saying that the container exited with code 3; its error: update failed",
        ),
        ({}, [200, 503], "1 of 1 requests were not answered with 200 while the update failed: 503"),
        ({}, [None] * 99, f"no status 200 after 120 seconds: web at {URL}/readyz (no answer)"),
    ],
    ids=[
        "the broken version is deployed",
        "the error lacks the reason",
        "a request fails meanwhile",
        "no answer",
    ],
)
def test_it_fails_and_destroys_the_stack_if(
    tmp_path: Path, options: dict[str, Any], statuses: list[int | None], failure: str
) -> None:
    remaining = iter(statuses)

    result = run(tmp_path, answers=lambda: next(remaining, 200), **options)

    assert len(result.failures) == 1
    assert failure in result.failures[0]
    assert result.stacks.done[-2:] == ["destroy", "remove"]


def test_the_stack_is_destroyed_after_a_failed_step(tmp_path: Path) -> None:
    result = run(tmp_path, fails_to={"up"})

    assert result.failures == ["cannot up"]
    assert result.stacks.done == ["create", "up", "destroy", "remove"]
    assert not result.file_exists


def test_keep_option_keeps_the_stack_after_a_failed_step(tmp_path: Path) -> None:
    result = run(tmp_path, keep=True, fails_to={"up"})

    assert result.stacks.done == ["create", "up"]
    assert result.file_exists
    assert "`aws-smoke` continues with it" in result.output


def test_it_continues_with_the_stack_of_an_earlier_run(tmp_path: Path) -> None:
    result = run(tmp_path, stack_exists=True)

    assert result.failures == []
    assert "create" not in result.stacks.done


def test_ctrl_c_destroys_the_stack(tmp_path: Path) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    result = run(tmp_path, answers=interrupted)

    assert result.failures == ["interrupted"]
    assert result.stacks.done[-2:] == ["destroy", "remove"]


def test_a_stack_that_cannot_be_destroyed_is_reported_with_the_command(tmp_path: Path) -> None:
    result = run(tmp_path, fails_to={"destroy"})

    assert result.failures == ["cannot destroy"]
    assert result.stacks.stack_exists, "without it the resources could not be found"
    assert result.file_exists
    assert "still exists and costs money: `python -m automation destroy smoke` deletes it" in result.output


def test_leftovers_are_listed(tmp_path: Path) -> None:
    arn = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1"

    result = run(tmp_path, leftovers=[arn])
    (failure,) = result.failures

    assert "still exists" not in result.output
    assert failure == f"resources with the tags Project=node-on-ecs, Stack=dev are left: 1\n    {arn}"


def test_the_stack_is_destroyed_after_an_unexpected_exception(tmp_path: Path) -> None:
    def fail() -> int:
        raise KeyError("url")

    result = run(tmp_path, answers=fail)

    assert result.failures == ["'url'"]
    assert result.stacks.done[-2:] == ["destroy", "remove"]


@pytest.mark.parametrize("fails_to", [{"up"}, {"destroy"}, set()])
def test_a_failed_step_prints_its_error(tmp_path: Path, fails_to: set[str]) -> None:
    result = run(tmp_path, fails_to=fails_to)

    assert [f"    failed: cannot {what} (0 s)" in result.output for what in fails_to] == [True] * len(
        fails_to
    )
