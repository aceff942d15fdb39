"""Whether every address answers, on a clock on which nobody waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services import check
from automation.services.check import wait_until_answered
from tests.unit.automation.fakes import OUTPUTS, FakeStacks, resources
from tests.unit.infra.rollout.aws import Aws, Hours, service

WEB, ALICE = "https://dev.example.com", "https://alice.dev.example.com"


class World:
    """What addresses answer with, one after the other; the last answer stays."""

    def __init__(self, answers: Mapping[str, list[int | None]]) -> None:
        self.answers = {url: list(all_of_them) for url, all_of_them in answers.items()}
        self.asked: list[str] = []
        self.said: list[str] = []
        self.time = Hours()

    def ask(self, url: str) -> int | None:
        self.asked.append(url)
        left = self.answers[url]
        return left.pop(0) if len(left) > 1 else left[0]

    def wait(self, seconds: float = 10, **addresses: str) -> None:
        wait_until_answered(
            addresses, self.ask, seconds=seconds, report=self.said.append, clock=self.time.clock
        )


def test_it_requests_until_all_answer_200() -> None:
    world = World({WEB: [None, 503, 200], ALICE: [200]})

    world.wait(web=WEB, alice=ALICE)

    assert world.said == [f"alice answers at {ALICE}", f"web answers at {WEB}"]
    assert world.time.seconds == 4


def test_what_has_answered_is_not_requested_again() -> None:
    world = World({WEB: [503, 200], ALICE: [200, 500]})

    world.wait(web=WEB, alice=ALICE)

    assert world.asked.count(ALICE) == 1


def test_what_does_not_answer_200_is_named_with_its_answer() -> None:
    world = World({WEB: [301], ALICE: [None], "https://bob": [200]})

    with pytest.raises(AutomationError) as raised:
        world.wait(web=WEB, alice=ALICE, bob="https://bob")

    assert str(raised.value) == (
        f"no status 200 after 10 seconds: alice at {ALICE} (no answer); web at {WEB} (301)"
    )


def test_without_time_each_is_requested_once() -> None:
    world = World({WEB: [200]})

    world.wait(0, web=WEB)

    assert (world.asked, world.time.seconds) == ([WEB], 0)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """The answer of each address."""
    found: dict[str, int | None] = {}
    monkeypatch.setattr(check, "http_status", lambda url: found[url])
    return found


def call(*arguments: str) -> Result:
    """Check dev, in which web-alice has a desired count of 0."""

    def describe(question: dict[str, Any]) -> dict[str, Any]:
        count = 0 if "alice" in question["services"][0] else 1
        return service(desiredCount=count, runningCount=count)

    stacks = FakeStacks(Aws(describe_services=describe), resources())
    return CliRunner().invoke(check.check, ["dev", *arguments], obj=stacks, standalone_mode=False)


URL = f"{OUTPUTS['urls']['web']}/readyz"


def test_a_service_without_tasks_is_not_requested_and_named(answers: dict[str, int | None]) -> None:
    answers[URL] = 200

    result = call()

    assert result.exception is None
    assert result.stdout == f"web answers at {URL}\n"
    assert result.stderr == "web-alice has a desired count of 0 and was not requested\n"


def test_an_address_that_does_not_answer_fails_the_check(answers: dict[str, int | None]) -> None:
    answers[URL] = 502

    result = call("--within-seconds", "0")

    assert isinstance(result.exception, AutomationError)
    assert f"web at {URL} (502)" in str(result.exception)


def test_too_few_vcpus_are_told(answers: dict[str, int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    answers[URL] = 200
    monkeypatch.setattr(check, "vcpu_warning", lambda _stacks, stack: f"may {stack} take so many?")

    assert call().stderr.startswith("may dev take so many?\n")


def test_a_stack_whose_last_update_failed_has_no_addresses() -> None:
    stacks = FakeStacks(state=resources({}))

    result = CliRunner().invoke(check.check, ["dev"], obj=stacks, standalone_mode=False)

    assert "dev has no addresses" in str(result.exception)


def test_with_json_the_answers_are_one_document(answers: dict[str, int | None]) -> None:
    answers[URL] = 200

    result = call("--json")

    assert json.loads(result.stdout) == {
        "stack": "dev",
        "answered": {"web": URL},
        "not_requested": ["web-alice"],
    }
    assert f"web answers at {URL}" in result.stderr
