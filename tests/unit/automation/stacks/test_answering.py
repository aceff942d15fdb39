"""Whether every address answers, on a clock on which nobody waits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from automation.errors import AutomationError
from automation.operations.status import ServiceStatus
from automation.stacks.answering import awake, wait_until_answered
from tests.unit.infra.rollout.aws import Hours

WEB, ALICE = "https://dev.example.com", "https://alice.dev.example.com"


class World:
    """What addresses answer with, one after the other; the last answer stays."""

    def __init__(self, answers: Mapping[str, list[int | None]]) -> None:
        self.answers = {url: list(all_of_them) for url, all_of_them in answers.items()}
        self.asked: list[str] = []
        self.said: list[str] = []
        self.hours = Hours()

    def ask(self, url: str) -> int | None:
        self.asked.append(url)
        left = self.answers[url]
        return left.pop(0) if len(left) > 1 else left[0]

    def wait(self, seconds: float = 10, **addresses: str) -> None:
        wait_until_answered(
            addresses, self.ask, seconds=seconds, say=self.said.append, clock=self.hours.clock
        )


def test_it_asks_until_all_answer_with_200() -> None:
    world = World({WEB: [None, 503, 200], ALICE: [200]})

    world.wait(web=WEB, alice=ALICE)

    assert world.said == [f"alice answers at {ALICE}", f"web answers at {WEB}"]
    assert world.hours.seconds == 4


def test_what_has_answered_is_not_asked_again() -> None:
    world = World({WEB: [503, 200], ALICE: [200, 500]})

    world.wait(web=WEB, alice=ALICE)

    assert world.asked.count(ALICE) == 1


def test_what_does_not_answer_is_named_with_what_came_instead() -> None:
    world = World({WEB: [301], ALICE: [None], "https://bob": [200]})

    with pytest.raises(AutomationError) as raised:
        world.wait(web=WEB, alice=ALICE, bob="https://bob")

    assert str(raised.value) == (
        f"after 10 seconds these do not answer with 200: alice at {ALICE} with nothing at all; web at {WEB} with 301"
    )


def test_without_time_each_is_asked_once() -> None:
    world = World({WEB: [200]})

    world.wait(0, web=WEB)

    assert (world.asked, world.hours.seconds) == ([WEB], 0)


def test_a_service_that_is_to_have_no_tasks_sleeps() -> None:
    statuses = [
        ServiceStatus(name=name, address="", state="steady", desired=n) for name, n in (("a", 1), ("b", 0))
    ]

    assert awake(statuses) == ["a"]
