"""The steps of the run, in order, and what has to be true after each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import AutomationError
from automation.smoke import config
from automation.smoke.leftovers import Leftovers, retire_task_definitions, wait_until_nothing_is_left
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.operations.place import Clients
    from automation.stack_files import Derived

_OK: Final = 200
_ANSWERS_WITHIN_SECONDS: Final = 120
_ASKED_EVERY_SECONDS: Final = 1.0
_LISTED_FOR_SECONDS: Final = 300
_SHOWN: Final = 20

WHY_IT_BREAKS: Final = "exit code 3"
"""What the failure has to name: how the container of the broken version ended."""


class SmokeError(AutomationError):
    """A step did not show what it has to show."""


class Stage(Protocol):
    """The stack that is made to be thrown away, as whoever drives stacks has it."""

    def is_there(self) -> bool:
        """Return whether an earlier run has left it."""
        ...

    def create(self, encryption: Mapping[str, str]) -> None:
        """Make it, with nothing in it."""
        ...

    def up(self) -> Mapping[str, Any]:
        """Bring it to what its file says, and return its outputs.

        Raises:
            AutomationError: it did not work; the message holds all that was told of why.
        """
        ...

    def destroy(self) -> None:
        """Delete all that it holds."""
        ...

    def remove(self) -> None:
        """Forget it."""
        ...

    def clients(self) -> Clients:
        """Return who asks its account."""
        ...

    def status_of(self, url: str) -> int | None:
        """Return the status with which an address answers; None if it does not."""
        ...


@dataclass(kw_only=True)
class Smoke:
    """One run."""

    stage: Stage
    file: Derived
    region: str | None
    tags: Mapping[str, str]
    """What everything in the stack carries."""
    families: Sequence[str]
    """Of its task definitions."""
    say: Callable[[str], None]
    remarks: Sequence[str] = ()
    """What to say of the search for leftovers."""
    clock: Clock = REAL
    _failures: list[str] = field(default_factory=list[str], init=False)
    _number: int = field(default=0, init=False)
    _is_there: bool = field(default=True, init=False)

    def run(self, *, keep: bool) -> list[str]:
        """Go through all of it; whatever happens, destroy the stack at the end.

        Args:
            keep: leave the stack as it is when a step fails.

        Returns:
            What failed; nothing if all is well and nothing is left.
        """
        try:
            self._live()
        except KeyboardInterrupt:
            self._failures.append("interrupted")
            self.say("Interrupted. What was made is destroyed now; another Ctrl-C leaves it.")
        except Exception as error:  # noqa: BLE001 -- whatever went wrong, it must not go on costing
            self._failures.append(str(error) or type(error).__name__)
        if self._failures and keep:
            self.say(
                "Kept, with all that it costs. `python -m automation aws-smoke` goes on with it and destroys "
                f"it in the end; its file is {self.file.path.name}."
            )
            return self._failures
        try:
            self._die()
        except (AutomationError, BotoCoreError, ClientError) as error:
            self._failures.append(str(error))
            if self._is_there:
                self.say(
                    f"The stack {self.file.stack} is still there, and costs: `python -m automation destroy "
                    f"{self.file.stack}` tries again."
                )
        return self._failures

    def _live(self) -> None:
        with self._step("make the stack"):
            config.write(self.file, region=self.region)
            if self.stage.is_there():
                self.say("    goes on with what an earlier run has left")
            else:
                self.stage.create(self.file.encryption_of_base())
                # Pulumi writes a key of the new stack's own into the file.
                config.write(self.file, region=self.region)
        with self._step("bring it up"):
            url: str = self.stage.up()["url"]
        with self._step(f"ask {url}"):
            self._wait_for_200(url)
        with self._step("bring up a version that ends as soon as it starts, which has to fail"):
            config.write(self.file, region=self.region, broken=True)
            self._fail_while_the_old_version_answers(url)
        with self._step("go back to the version that works"):
            config.write(self.file, region=self.region)
            self.stage.up()
            self._wait_for_200(url)

    def _die(self) -> None:
        with self._step("destroy it"):
            if self.stage.is_there():
                self.stage.destroy()
                self.stage.remove()
            self._is_there = False
            self.file.path.unlink(missing_ok=True)
        with self._step("look for what is left"):
            clients = self.stage.clients()
            retired = retire_task_definitions(clients, self.families)
            left = wait_until_nothing_is_left(
                clients, dict(self.tags), seconds=_LISTED_FOR_SECONDS, clock=self.clock
            )
            self._tell_what_is_left(left, retired)

    def _tell_what_is_left(self, left: Leftovers, retired: int) -> None:
        tags = ", ".join(f"{key}={value}" for key, value in self.tags.items())
        self.say(f"    deleted {retired} task definitions, which ECS keeps for a way back")
        if left.gone:
            self.say(f"    {len(left.gone)} things are deleted, and listed by ECS for some time")
        for remark in self.remarks:
            self.say(f"    {remark}")
        if left.there:
            shown = "".join(f"\n    {arn}" for arn in left.there[:_SHOWN])
            raise SmokeError(f"{len(left.there)} things with the tags {tags} are left:{shown}")
        self.say(f"    nothing else has the tags {tags}")

    def _fail_while_the_old_version_answers(self, url: str) -> None:
        with _Asking(self.stage, url, self.clock) as asking:
            try:
                self.stage.up()
            except AutomationError as error:
                told = str(error)
            else:
                raise SmokeError("the update said that all is well, though the app ends as soon as it starts")
        if WHY_IT_BREAKS not in told:
            raise SmokeError(
                f"the update failed without saying that the container ended with {WHY_IT_BREAKS}; "
                f"it said: {told}"
            )
        if asking.others:
            raise SmokeError(
                f"{len(asking.others)} of {asking.count} requests were not answered with 200 while the "
                f"update failed: {', '.join(map(str, asking.others[:_SHOWN]))}"
            )
        self.say(f"    it failed, said why, and the old version answered {asking.count} requests meanwhile")

    def _wait_for_200(self, url: str) -> None:
        began = self.clock.now()
        while (status := self.stage.status_of(url)) != _OK:
            if self.clock.now() - began >= _ANSWERS_WITHIN_SECONDS:
                raise SmokeError(
                    f"{url} does not answer 200 after {_ANSWERS_WITHIN_SECONDS} seconds: "
                    f"{status or 'no answer'}"
                )
            self.clock.block(_ASKED_EVERY_SECONDS)

    @contextmanager
    def _step(self, what: str) -> Generator[None]:
        self._number += 1
        self.say(f"{self._number}. {what}")
        began = self.clock.now()
        try:
            yield
        except BaseException as error:
            how = "interrupted" if isinstance(error, KeyboardInterrupt) else f"failed: {error}"
            self.say(f"    {how} ({self.clock.now() - began:.0f} s)")
            raise
        self.say(f"    done ({self.clock.now() - began:.0f} s)")


class _Asking:
    """Asks for an address, again and again, for as long as it is entered."""

    def __init__(self, stage: Stage, url: str, clock: Clock) -> None:
        self._stage = stage
        self._url = url
        self._clock = clock
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.count = 0
        self.others: list[str] = []
        """What came instead of 200."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        while True:
            status = self._stage.status_of(self._url)
            self.count += 1
            if status != _OK:
                self.others.append("no answer" if status is None else str(status))
            if self._end.wait(_ASKED_EVERY_SECONDS):
                return
