"""The steps of `aws-smoke`, and the checks after each."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from automation.console import to_type
from automation.errors import AutomationError
from automation.http_status import OK, http_status
from automation.services.check import wait_until_answered
from automation.smoke.leftovers import delete_task_definitions, wait_for_leftovers
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
"""A domain needs a hosted zone and minutes for its certificate, copies cost more and test nothing else, and a
schedule might scale to 0."""

_BROKEN: Final = ["node", "-e", "console.error('broken on purpose'); process.exit(3)"]
_EXIT_CODE: Final = re.compile(r"exit(ed with)? code 3\b")
"""In the error about the broken version."""

_ANSWER_SECONDS: Final = 120
_REQUEST_PAUSE_SECONDS: Final = 1.0
_LISTED_SECONDS: Final = 300
_SHOWN: Final = 20


def write_stack_file(file: DerivedStackFile, *, region: str | None, broken: bool = False) -> None:
    """Write the stack's file: dev's, without a domain; if `broken`, with an app that exits as it starts."""
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
    """The limits of the search for leftovers."""
    say: Callable[[str], None]
    get_status: Callable[[str], int | None] = http_status
    clock: Clock = REAL
    _failures: list[str] = field(default_factory=list[str], init=False)
    _number: int = field(default=0, init=False)
    _exists: bool = field(default=True, init=False)

    def run(self, *, keep: bool) -> list[str]:
        """Take all steps, and always destroy the stack at the end.

        Args:
            keep: keep the stack if a step fails.

        Returns:
            The failures; empty if everything works and nothing is left.
        """
        try:
            self._deploy()
        except KeyboardInterrupt:
            self._failures.append("interrupted")
            self.say("Interrupted: the stack is destroyed now; Ctrl-C again keeps it.")
        except Exception as error:  # noqa: BLE001 -- after any error the stack costs money
            self._failures.append(str(error) or type(error).__name__)
        if self._failures and keep:
            self.say(
                "The stack is kept, and costs money. `aws-smoke` continues with it and "
                f"destroys it in the end; its file is {self.file.path.name}."
            )
            return self._failures
        try:
            self._destroy()
        except (AutomationError, BotoCoreError, ClientError) as error:
            self._failures.append(str(error))
            if self._exists:
                self.say(
                    f"The stack {STACK} still exists and costs money: {to_type('destroy', STACK)} deletes it."
                )
        return self._failures

    def _deploy(self) -> None:
        with self._step("create the stack"):
            self._write_file()
            if self.stacks.exists(STACK):
                self.say("    continues with the stack of an earlier run")
            else:
                self.stacks.create(STACK, self.file.encryption_of_base())
                # Pulumi may have written the new stack's key into the file.
                self._write_file()
        with self._step("bring the stack up"):
            url = self._up()
        with self._step(f"request {url}"):
            self._wait_for_answer(url)
        with self._step("bring up a version that exits as soon as it starts, which has to fail"):
            self._write_file(broken=True)
            self._deploy_broken_version(url)
        with self._step("bring up the working version again"):
            self._write_file()
            self._wait_for_answer(self._up())

    def _destroy(self) -> None:
        with self._step("destroy the stack"):
            if self.stacks.exists(STACK):
                self.stacks.destroy(STACK)
                self.stacks.remove(STACK)
            self._exists = False
            self.file.path.unlink(missing_ok=True)
        with self._step("search for leftovers"):
            self._search_for_leftovers()

    def _write_file(self, *, broken: bool = False) -> None:
        write_stack_file(self.file, region=self.region, broken=broken)

    def _up(self) -> str:
        url: str = self.stacks.up(STACK)["url"]
        return self.stacks.address(url).rstrip("/") + self.settings.main.health_check_path

    def _wait_for_answer(self, url: str) -> None:
        wait_until_answered(
            {self.settings.main.name: url},
            self.get_status,
            seconds=_ANSWER_SECONDS,
            report=lambda line: self.say(f"    {line}"),
            clock=self.clock,
        )

    def _deploy_broken_version(self, url: str) -> None:
        with _statuses(url, self.get_status) as statuses:
            try:
                self.stacks.up(STACK)
            except AutomationError as error:
                output = str(error)
            else:
                raise AutomationError("the update succeeded, though the app exits as soon as it starts")
        if not _EXIT_CODE.search(output):
            raise AutomationError(
                f"the update failed without saying that the container exited with code 3; its error: {output}"
            )
        if failed := [str(status or "no answer") for status in statuses if status != OK]:
            raise AutomationError(
                f"{len(failed)} of {len(statuses)} requests were not answered with 200 while the update "
                f"failed: {', '.join(failed[:_SHOWN])}"
            )
        self.say(
            f"    it failed with the reason, and the old version answered {len(statuses)} requests meanwhile"
        )

    def _search_for_leftovers(self) -> None:
        clients = self.stacks.clients(self.settings)
        family = f"{self.file.project}-{STACK}-{self.settings.main.name}"
        count = delete_task_definitions(clients, family)
        self.say(f"    deleted task definitions, which ECS keeps for rollbacks: {count}")
        tags = {name: self.settings.provider.tags[name] for name in ("Project", "Stack")}
        tags_text = ", ".join(f"{key}={value}" for key, value in tags.items())
        left = wait_for_leftovers(clients, tags, seconds=_LISTED_SECONDS, clock=self.clock)
        if left.deleted:
            self.say(f"    deleted, and listed by ECS for some time: {len(left.deleted)}")
        self.say(f"    {self.remark}")
        if left.existing:
            arns = "".join(f"\n    {arn}" for arn in left.existing[:_SHOWN])
            raise AutomationError(f"resources with the tags {tags_text} are left: {len(left.existing)}{arns}")
        self.say(f"    no resource with the tags {tags_text} is left")

    @contextmanager
    def _step(self, title: str) -> Generator[None]:
        self._number += 1
        self.say(f"{self._number}. {title}")
        started, result = self.clock.now(), "done"
        try:
            yield
        except BaseException as error:
            result = "interrupted" if isinstance(error, KeyboardInterrupt) else f"failed: {error}"
            raise
        finally:
            self.say(f"    {result} ({self.clock.now() - started:.0f} s)")


@contextmanager
def _statuses(url: str, get_status: Callable[[str], int | None]) -> Generator[list[int | None]]:
    """Request an address once a second, and at least once; the list is complete at the end."""
    statuses: list[int | None] = []
    end = threading.Event()

    def request() -> None:
        statuses.append(get_status(url))
        while not end.wait(_REQUEST_PAUSE_SECONDS):
            statuses.append(get_status(url))

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    try:
        yield statuses
    finally:
        end.set()
        thread.join()
