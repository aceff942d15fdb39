"""Updates are retried while another update has locked the stack."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from automation.errors import LockedError, ProgramError
from automation.stacks.lock_retry import LockRetry
from tests.unit.infra.rollout.aws import FakeClock

_BY_A_FILE = """\
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.
  file:///state/.pulumi/locks/organization/node-on-ecs/dev/1.json: created by alice@laptop (pid 42) at 2026-11-21T09:00:00Z"""
_BY_THE_CLOUD = "error: [409] Conflict: Another update is currently in progress."


def failed(output: str) -> ProgramError:
    return ProgramError("pulumi up", 255, output)


@dataclass
class Update:
    """Fails with each of `failures` in turn, then succeeds; with `always` it repeats the first one."""

    failures: list[ProgramError]
    always: bool = False
    tries: int = 0
    reported: list[str] = field(default_factory=list)
    time: FakeClock = field(default_factory=FakeClock)

    def __call__(self) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures[0] if self.always else self.failures.pop(0)

    def run(self, minutes: float = 10) -> None:
        LockRetry(minutes=minutes, clock=self.time.clock, say=self.reported.append).run(self, "dev")


@pytest.mark.parametrize("output", [_BY_A_FILE, _BY_THE_CLOUD], ids=["file backend", "Pulumi Cloud"])
def test_a_locked_stack_is_retried_until_it_is_unlocked(output: str) -> None:
    update = Update([failed(output), failed(output)])

    update.run()

    assert (update.tries, update.time.seconds) == (3, 30)
    assert len(update.reported) == 2


def test_each_retry_reports_the_locks_owner() -> None:
    update = Update([failed(_BY_A_FILE)])

    update.run()

    (line,) = update.reported
    assert line.startswith("dev is locked (")
    assert "created by alice@laptop (pid 42) at 2026-11-21T09:00:00Z" in line
    assert line.endswith("trying again in 15 seconds")


def test_other_failures_are_not_retried() -> None:
    """A partly failed update must not continue by itself."""
    update = Update([failed("error: the tasks of `web` end as soon as they start")])

    with pytest.raises(ProgramError, match="end as soon as they start") as raised:
        update.run()

    assert not isinstance(raised.value, LockedError)
    assert (update.tries, update.reported, update.time.seconds) == (1, [], 0)


@pytest.mark.parametrize(("minutes", "tries", "seconds"), [(1, 5, 60), (0, 1, 0)])
def test_it_gives_up_after_the_time_with_an_error_that_names_owner_and_command(
    minutes: float, tries: int, seconds: float
) -> None:
    update = Update([failed(_BY_A_FILE)], always=True)

    with pytest.raises(LockedError) as raised:
        update.run(minutes=minutes)

    assert (update.tries, update.time.seconds) == (tries, seconds)
    output = str(raised.value)
    assert output.startswith(f"dev is still locked after {minutes} minutes")
    assert "created by alice@laptop (pid 42)" in output
    assert "`python -m automation cancel dev` removes its lock" in output


def test_another_failure_during_the_retries_ends_them() -> None:
    update = Update([failed(_BY_THE_CLOUD), failed("error: no credentials")])

    with pytest.raises(ProgramError, match="no credentials"):
        update.run()

    assert update.tries == 2
