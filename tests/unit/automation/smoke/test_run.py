"""What `aws-smoke` finds out, and that it leaves nothing behind unreported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.errors import AutomationError
from automation.smoke.run import Smoke
from automation.stack_files import DerivedStackFile
from tests.unit.automation.fakes import dev
from tests.unit.infra.rollout.aws import Aws, Hours

URL = "http://load-balancer.elb.amazonaws.com"
BREAKS = "web: ECS rolled it back\n  stopped: web exited with code 3"


@dataclass
class Stacks:
    """The stack smoke in an account."""

    root: Path
    there: bool = False
    says: str = BREAKS
    fails_to: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    configs: list[dict[str, Any]] = field(default_factory=list)

    def exists(self, stack: str) -> bool:
        return self.there

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        self._do("create")
        self.there = True

    def up(self, stack: str) -> Mapping[str, Any]:
        config = yaml.safe_load((self.root / "Pulumi.smoke.yaml").read_text())["config"]
        self.configs.append(config)
        self._do("up")
        if "node-on-ecs:command" in config and self.says:
            raise AutomationError(self.says)
        return {"url": URL}

    def destroy(self, stack: str) -> None:
        self._do("destroy")

    def remove(self, stack: str) -> None:
        self._do("remove")
        self.there = False

    def clients(self, settings: object) -> Aws:
        return Aws(
            list_task_definitions={"taskDefinitionArns": []},
            get_resources={"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self.left]},
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
    said: str

    @property
    def file_is_there(self) -> bool:
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
    fake, said = Stacks(root, **stacks), list[str]()

    def ask(url: str) -> int | None:
        assert url == f"{URL}/readyz"
        return answers()

    smoke = Smoke(
        stacks=fake,  # type: ignore[arg-type]
        settings=dev(),
        file=DerivedStackFile(root=root, project="node-on-ecs", stack="smoke", base="dev"),
        region=region,
        remark="the search has limits",
        say=said.append,
        ask=ask,
        clock=Hours().clock,
    )
    return Run(fake, smoke.run(keep=keep), "\n".join(said))


def test_all_is_well_when_the_broken_version_fails_and_nothing_is_left(tmp_path: Path) -> None:
    found = run(tmp_path)

    assert found.failures == []
    assert found.stacks.done == ["create", "up", "up", "up", "destroy", "remove"]
    assert not found.file_is_there
    assert "the old version answered" in found.said
    assert "no resource with the tags Project=node-on-ecs, Stack=dev is left" in found.said


def test_it_is_dev_on_plain_http_first_working_then_broken_then_working(tmp_path: Path) -> None:
    configs = run(tmp_path, region="eu-west-1").stacks.configs

    assert configs[0] == {"node-on-ecs:nat": "none", "aws:region": "eu-west-1"}
    assert "process.exit(3)" in str(configs[1]["node-on-ecs:command"])
    assert configs[2] == configs[0]


def test_every_step_says_how_long_it_took(tmp_path: Path) -> None:
    said = run(tmp_path).said

    assert said.count("    done (") == 7


def test_an_update_that_calls_a_broken_version_fine_fails_the_run(tmp_path: Path) -> None:
    found = run(tmp_path, says="")

    assert "the update succeeded" in found.failures[0]
    assert found.stacks.done[-2:] == ["destroy", "remove"]


def test_so_does_one_that_does_not_say_why(tmp_path: Path) -> None:
    (failure,) = run(tmp_path, says="update failed").failures

    assert "without saying that the container exited with code 3; it said: update failed" in failure


def test_so_does_one_that_loses_a_request_meanwhile(tmp_path: Path) -> None:
    answers = iter([200, 503])

    (failure,) = run(tmp_path, answers=lambda: next(answers, 200)).failures

    assert "1 of 1 requests were not answered with 200 while the update failed: 503" in failure


def test_so_does_an_address_that_does_not_answer(tmp_path: Path) -> None:
    (failure,) = run(tmp_path, answers=lambda: None).failures

    assert failure == f"no status 200 after 120 seconds: web at {URL}/readyz (no answer)"


def test_after_a_step_that_fails_the_stack_is_destroyed(tmp_path: Path) -> None:
    found = run(tmp_path, fails_to={"up"})

    assert found.failures == ["cannot up"]
    assert found.stacks.done == ["create", "up", "destroy", "remove"]
    assert not found.file_is_there


def test_unless_it_is_to_be_kept_and_then_it_says_how_to_continue(tmp_path: Path) -> None:
    found = run(tmp_path, keep=True, fails_to={"up"})

    assert found.stacks.done == ["create", "up"]
    assert found.file_is_there
    assert "`aws-smoke` continues with it" in found.said


def test_it_continues_with_what_an_earlier_run_left(tmp_path: Path) -> None:
    found = run(tmp_path, there=True)

    assert found.failures == []
    assert "create" not in found.stacks.done


def test_ctrl_c_destroys_too(tmp_path: Path) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    found = run(tmp_path, answers=interrupted)

    assert found.failures == ["interrupted"]
    assert found.stacks.done[-2:] == ["destroy", "remove"]


def test_a_stack_that_cannot_be_destroyed_is_reported_to_cost(tmp_path: Path) -> None:
    found = run(tmp_path, fails_to={"destroy"})

    assert found.failures == ["cannot destroy"]
    assert found.stacks.there, "deleted, nobody would ever find what it still has"
    assert found.file_is_there
    assert "still exists and costs money: `python -m automation destroy smoke` deletes it" in found.said


def test_what_is_left_is_named(tmp_path: Path) -> None:
    arn = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1"

    found = run(tmp_path, left=[arn])
    (failure,) = found.failures

    assert "still exists" not in found.said
    assert failure == f"resources with the tags Project=node-on-ecs, Stack=dev are left: 1\n    {arn}"


def test_a_fault_of_our_own_must_not_leave_a_stack_that_costs_either(tmp_path: Path) -> None:
    def fault() -> int:
        raise KeyError("url")

    found = run(tmp_path, answers=fault)

    assert found.failures == ["'url'"]
    assert found.stacks.done[-2:] == ["destroy", "remove"]


@pytest.mark.parametrize("fails_to", [{"up"}, {"destroy"}, set()])
def test_how_it_failed_is_said_at_the_step_too(tmp_path: Path, fails_to: set[str]) -> None:
    found = run(tmp_path, fails_to=fails_to)

    assert [f"    failed: cannot {what} (0 s)" in found.said for what in fails_to] == [True] * len(fails_to)
