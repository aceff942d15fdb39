"""Where stacks are: in AWS accounts. `automation.stacks.local` has the same for this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from automation.errors import ProgramError
from automation.stacks.cli import Cli

if TYPE_CHECKING:
    from infra.rollout.aws_clients import AwsClients
    from infra.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]

FindCli = Callable[[threading.Event | None], Path]
"""Returns the Pulumi CLI; an installation ends when the event is set."""


@dataclass(frozen=True, kw_only=True)
class KnownStack:
    """A stack, as the backend lists it."""

    name: str
    last_update: datetime | None
    under_way: bool = False
    """Whether something changes it right now."""


@dataclass
class Run:
    """One run of the CLI on a stack: what the environment has prepared, and how it ended."""

    variables: Mapping[str, str]
    folder: Path
    new: bool = False
    """Whether the stack has to be initialized first."""
    last_update_failed: bool = False
    locks: tuple[int, ...] = ()
    """Descriptors that the CLI holds while it runs."""
    wait_until_ready: Callable[[], object] = lambda: None
    """Returns when the CLI may be started."""
    succeeded: bool = False


@dataclass(frozen=True, kw_only=True)
class AwsEnvironment:
    """Stacks in the backend that the user is logged in to, each in the account that its file names.

    What does not work raises an error that is one sentence.
    """

    find_cli: FindCli
    root: Path = ROOT
    extra_variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, and no account is reached."""
        return False

    def variables(self) -> Mapping[str, str]:
        """Return variables for a CLI that only reads."""
        return {
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # `--event-log` is one of the commands' options for debugging.
            "PULUMI_DEBUG_COMMANDS": "true",
            **self.extra_variables,
        }

    def known(self) -> Sequence[KnownStack]:
        """Return all stacks of the project."""
        listed = json.loads(self._cli().ask("stack", "ls", "--json"))
        return [
            KnownStack(
                name=one["name"].rpartition("/")[2],
                last_update=datetime.fromisoformat(one["lastUpdate"]) if one.get("lastUpdate") else None,
                under_way=bool(one.get("updateInProgress")),
            )
            for one in listed
        ]

    @contextmanager
    def run(self, stack: str, command: str, *, region: str) -> Generator[Run]:
        """Have all that one run of the CLI needs: the CLI keeps others out by its own lock."""
        del region
        failed = command == "up" and self._last_update_failed(stack)
        yield Run(variables=self.variables(), folder=self.root, last_update_failed=failed)

    def clients(self, settings: Settings) -> AwsClients:
        """Return AWS clients for a stack's account."""
        from infra.rollout.aws_clients import Clients

        return Clients(settings.provider)

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Return at once: ECS has asked its health checks through the load balancer; DNS may take longer."""

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        return url

    def _cli(self) -> Cli:
        return Cli(program=self.find_cli(None), folder=self.root, variables=self.variables())

    def _last_update_failed(self, stack: str) -> bool:
        # A stack that was never updated has no history, and a missing one is reported by the update itself.
        with suppress(ProgramError, ValueError, IndexError, KeyError):
            told = self._cli().ask("stack", "history", "--json", "--page-size", "1", "--stack", stack)
            return json.loads(told)[0]["result"] == "failed"
        return False
