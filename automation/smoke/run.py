"""The steps of `aws-smoke`, and the checks after each."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from automation.console import to_type
from automation.errors import AutomationError
from automation.http_status import OK, http_status
from automation.services.check import wait_until_answered
from automation.smoke.leftovers import Leftovers, delete_task_definitions, wait_for_leftovers
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.stack_files import DerivedStackFile
    from infra.settings import Settings

STACK: Final = "smoke"
BASE: Final = "dev"

_LEFT_OUT: Final = frozenset(
    {
        "autoscaling",
        "domain",
        "monthly-budget-usd",
        "multidev",
        "preview-stacks",
        "protect",
        "repository",
        "zone",
    }
)
"""A domain needs a hosted zone and minutes for its certificate, copies cost without showing anything new, and
a schedule might scale to 0."""

_BROKEN: Final = ["node", "-e", "console.error('broken on purpose'); process.exit(3)"]

_ANSWER_SECONDS: Final = 120
_REQUEST_PAUSE_SECONDS: Final = 1.0
_LISTED_SECONDS: Final = 300
_SHOWN: Final = 20

_EXIT_CODE: Final = re.compile(r"exit(ed with)? code 3\b")
"""How the container of the broken version ends; the failure has to say so."""


def write_stack_file(file: DerivedStackFile, *, region: str | None, broken: bool = False) -> None:
    """Write the stack's file: dev's, without a domain, and `broken` with an app that exits as it starts."""
    changes: dict[str, Any] = {}
    if region is not None:
        changes["aws:region"] = region
    if broken:
        changes[f"{file.project}:command"] = _BROKEN
    file.write(left_out=_LEFT_OUT, changes=changes, command="python -m automation aws-smoke")


@dataclass(kw_only=True)
class Smoke:
    """One run."""

    stacks: Stacks
    settings: Settings
    file: DerivedStackFile
    region: str | None
    remark: str
    """What limits the search for leftovers."""
    say: Callable[[str], None]
    ask: Callable[[str], int | None] = http_status
    clock: Clock = REAL
    _failures: list[str] = field(default_factory=list[str], init=False)
    _number: int = field(default=0, init=False)
    _exists: bool = field(default=True, init=False)

    def run(self, *, keep: bool) -> list[str]:
        """Take all steps; whatever happens, destroy the stack at the end.

        Args:
            keep: leave the stack as it is when a step fails.

        Returns:
            What failed; nothing if all is well and nothing is left.
        """
        try:
            self._live()
        except KeyboardInterrupt:
            self._failures.append("interrupted")
            self.say("Interrupted: the stack is destroyed now; Ctrl-C again leaves it.")
        except Exception as error:  # noqa: BLE001 -- whatever went wrong, it must not go on costing
            self._failures.append(str(error) or type(error).__name__)
        if self._failures and keep:
            self.say(
                "The stack is kept, and costs money. `aws-smoke` continues with it and "
                f"destroys it in the end; its file is {self.file.path.name}."
            )
            return self._failures
        try:
            self._die()
        except (AutomationError, BotoCoreError, ClientError) as error:
            self._failures.append(str(error))
            if self._exists:
                self.say(
                    f"The stack {STACK} still exists and costs money: {to_type('destroy', STACK)} deletes it."
                )
        return self._failures

    def _live(self) -> None:
        with self._step("create the stack"):
            self._write()
            if self.stacks.exists(STACK):
                self.say("    continues with what an earlier run left")
            else:
                self.stacks.create(STACK, self.file.encryption_of_base())
                # Pulumi writes a key of the new stack's own into the file.
                self._write()
        with self._step("bring the stack up"):
            url = self._up()
        with self._step(f"request {url}"):
            self._wait_for_answer(url)
        with self._step("bring up a version that exits as soon as it starts, which has to fail"):
            self._write(broken=True)
            self._fail_while_the_old_version_answers(url)
        with self._step("bring up the version that works again"):
            self._write()
            self._wait_for_answer(self._up())

    def _die(self) -> None:
        with self._step("destroy it"):
            if self.stacks.exists(STACK):
                self.stacks.destroy(STACK)
                self.stacks.remove(STACK)
            self._exists = False
            self.file.path.unlink(missing_ok=True)
        with self._step("search for leftovers"):
            clients = self.stacks.clients(self.settings)
            family = f"{self.file.project}-{STACK}-{self.settings.main.name}"
            count = delete_task_definitions(clients, family)
            self.say(f"    deleted task definitions, which ECS keeps to roll back to: {count}")
            tags = {name: self.settings.provider.tags[name] for name in ("Project", "Stack")}
            self._report(wait_for_leftovers(clients, tags, seconds=_LISTED_SECONDS, clock=self.clock), tags)

    def _write(self, *, broken: bool = False) -> None:
        write_stack_file(self.file, region=self.region, broken=broken)

    def _up(self) -> str:
        url: str = self.stacks.up(STACK)["url"]
        return self.stacks.address(url).rstrip("/") + self.settings.main.health_check_path

    def _report(self, left: Leftovers, tags: Mapping[str, str]) -> None:
        shown_tags = ", ".join(f"{key}={value}" for key, value in tags.items())
        if left.deleted:
            self.say(f"    deleted, and listed by ECS for some time: {len(left.deleted)}")
        self.say(f"    {self.remark}")
        if left.existing:
            shown = "".join(f"\n    {arn}" for arn in left.existing[:_SHOWN])
            raise AutomationError(
                f"resources with the tags {shown_tags} are left: {len(left.existing)}{shown}"
            )
        self.say(f"    no resource with the tags {shown_tags} is left")

    def _fail_while_the_old_version_answers(self, url: str) -> None:
        with _requests(url, self.ask) as requests:
            try:
                self.stacks.up(STACK)
            except AutomationError as error:
                output = str(error)
            else:
                raise AutomationError("the update succeeded, though the app exits as soon as it starts")
        if not _EXIT_CODE.search(output):
            raise AutomationError(
                f"the update failed without saying that the container exited with code 3; it said: {output}"
            )
        if requests.others:
            raise AutomationError(
                f"{len(requests.others)} of {requests.count} requests were not answered with 200 while the "
                f"update failed: {', '.join(requests.others[:_SHOWN])}"
            )
        self.say(f"    it failed, said why, and the old version answered {requests.count} requests meanwhile")

    def _wait_for_answer(self, url: str) -> None:
        wait_until_answered(
            {self.settings.main.name: url},
            self.ask,
            seconds=_ANSWER_SECONDS,
            report=lambda line: self.say(f"    {line}"),
            clock=self.clock,
        )

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


@dataclass
class _Requests:
    count: int = 0
    others: list[str] = field(default_factory=list[str])
    """What came instead of 200."""


@contextmanager
def _requests(url: str, ask: Callable[[str], int | None]) -> Generator[_Requests]:
    """Request an address once a second, and at least once, while this is entered."""
    found, end = _Requests(), threading.Event()

    def request() -> None:
        while True:
            status = ask(url)
            found.count += 1
            if status != OK:
                found.others.append(str(status or "no answer"))
            if end.wait(_REQUEST_PAUSE_SECONDS):
                return

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        end.set()
        thread.join()
