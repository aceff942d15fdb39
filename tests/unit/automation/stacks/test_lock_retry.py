"""Waiting for another update's lock, and for nothing else; nobody really waits here."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from automation.errors import LockedError, ProgramError
from automation.stacks.lock_retry import LockRetry
from tests.unit.infra.rollout.aws import Hours

_BY_A_FILE = """\
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.
  file:///state/.pulumi/locks/organization/node-on-ecs/dev/1.json: created by ann@laptop (pid 42) at 2026-11-21T09:00:00Z"""
_BY_THE_CLOUD = "error: [409] Conflict: Another update is currently in progress."


def failed(output: str) -> ProgramError:
    return ProgramError("pulumi up", 255, output)


@dataclass
class Update:
    """Fails with each of `failures` in turn, then works; with `forever` it goes on with the last one."""

    failures: list[ProgramError]
    forever: bool = False
    tries: int = 0
    said: list[str] = field(default_factory=list)
    time: Hours = field(default_factory=Hours)

    def __call__(self) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures[0] if self.forever else self.failures.pop(0)

    def run(self, minutes: float = 10) -> None:
        LockRetry(minutes=minutes, clock=self.time.clock, say=self.said.append).run(self, "dev")


@pytest.mark.parametrize("output", [_BY_A_FILE, _BY_THE_CLOUD], ids=["of files", "of Pulumi Cloud"])
def test_a_locked_stack_is_tried_again_until_it_is_free(output: str) -> None:
    update = Update([failed(output), failed(output)])

    update.run()

    assert (update.tries, update.time.seconds) == (3, 30)
    assert len(update.said) == 2


def test_it_says_whose_the_lock_is() -> None:
    update = Update([failed(_BY_A_FILE)])

    update.run()

    (said,) = update.said
    assert said.startswith("dev is locked (")
    assert "created by ann@laptop (pid 42) at 2026-11-21T09:00:00Z" in said
    assert said.endswith("trying again in 15 seconds")


def test_whatever_else_fails_is_not_tried_again() -> None:
    """An update that failed half-way would do more of what failed."""
    update = Update([failed("error: the tasks of `web` end as soon as they start")])

    with pytest.raises(ProgramError, match="end as soon as they start") as raised:
        update.run()

    assert not isinstance(raised.value, LockedError)
    assert (update.tries, update.said, update.time.seconds) == (1, [], 0)


def test_it_gives_up_when_the_time_is_over_and_says_what_to_do() -> None:
    update = Update([failed(_BY_A_FILE)], forever=True)

    with pytest.raises(LockedError) as raised:
        update.run(minutes=1)

    assert (update.tries, update.time.seconds) == (5, 60)
    output = str(raised.value)
    assert output.startswith("dev is still locked after 1 minutes")
    assert "created by ann@laptop (pid 42)" in output
    assert "`python -m automation cancel dev` removes its lock" in output


def test_without_time_it_is_tried_once() -> None:
    update = Update([failed(_BY_A_FILE)], forever=True)

    with pytest.raises(LockedError):
        update.run(minutes=0)

    assert (update.tries, update.time.seconds) == (1, 0)


def test_a_failure_while_waiting_ends_it() -> None:
    update = Update([failed(_BY_THE_CLOUD), failed("error: no credentials")])

    with pytest.raises(ProgramError, match="no credentials"):
        update.run()

    assert update.tries == 2
