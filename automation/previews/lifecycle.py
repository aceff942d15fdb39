"""Makes and removes the stacks of pull requests; no other stack is made or removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError
from automation.previews import config
from automation.previews.listing import Preview, why_to_remove
from automation.previews.names import DEFAULT_BASE, is_preview, number_of
from automation.previews.room import Shared, check_room
from automation.stack_files import Derived
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.operations.place import Clients
    from automation.stacks.environment import KnownStack
    from automation.stacks.stacks import Stacks

_LIFETIME: Final = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a base allows the stacks that attach to it."""

    maximum: int
    lifetime: timedelta


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """What became of one stack that has to go."""

    preview: Preview
    why: str
    failure: str | None = None
    """Why it is still there."""


@dataclass(frozen=True, kw_only=True)
class Previews:
    """The stacks of pull requests of this project."""

    stacks: Stacks
    root: Path
    project: str
    limits: Callable[[str], Limits]
    """Returns what a base's settings allow."""
    clients: Callable[[str], Clients]
    """Returns who asks the account of a base."""
    keys_of_the_base: Collection[str]
    priority_of: Callable[[str], int]
    """Returns the priority of a stack's rule, by its file."""
    say: Callable[[str], None]
    clock: Clock = REAL

    def prepare(self, stack: str, *, base: str | None = None, lifetime: timedelta | None = None) -> datetime:
        """Have a stack and its configuration ready to be brought up; its lifetime begins anew.

        Args:
            stack: the pull request's.
            base: what it attaches to; what it is attached to already, else dev.
            lifetime: the base's, if not given.

        Returns:
            When its time is up.

        Raises:
            AutomationError: it is none of a pull request, or there is no room for it.
        """
        number_of(stack)
        there = [known.name for known in self.stacks.known()]
        attached = self._base_of(stack) if stack in there else None
        chosen = base or attached or DEFAULT_BASE
        if is_preview(chosen):
            raise AutomationError(f"{stack} cannot attach to {chosen}, which is attached to another itself")
        if attached not in (None, chosen):
            raise AutomationError(
                f"{stack} is attached to {attached} and cannot move to {chosen}: "
                f"`python -m automation destroy {stack}` first"
            )
        limits = self.limits(chosen)
        if stack not in there:
            self._check_number(stack, chosen, there, limits)
        shared = self._shared(chosen)
        file = self._file(stack, chosen)
        expires = self.clock.date() + (lifetime or limits.lifetime)
        # What is asked next depends on what the file says.
        config.write(file, expires=expires, shared=self.keys_of_the_base)
        try:
            check_room(self.clients(chosen), shared, stack, self.priority_of(stack))
            if stack not in there:
                self.stacks.create(stack, file.encryption_of_base())
                self.say(f"made the stack {stack}, attached to {chosen}")
        except AutomationError:
            if stack not in there:
                file.path.unlink()
            raise
        # Pulumi writes a key of the new stack's own into the file.
        config.write(file, expires=expires, shared=self.keys_of_the_base)
        return expires

    def remove(self, stack: str) -> bool:
        """Destroy a stack and forget it, with its history and its file; return whether there was one.

        It needs nothing but the state: the file may be missing, the first update may have failed half way,
        and the base may be gone.

        Raises:
            AutomationError: it is none of a pull request, or something could not be deleted.
        """
        number_of(stack)
        there = self.stacks.exists(stack)
        if there:
            self._write_file_if_missing(stack)
            self.stacks.destroy(stack)
            self.stacks.remove(stack)
        self._file(stack, DEFAULT_BASE).path.unlink(missing_ok=True)
        return there

    def all(self) -> list[Preview]:
        """Return the stacks that there are, by number."""
        found = [self._look_at(known) for known in self.stacks.known() if is_preview(known.name)]
        return sorted(found, key=lambda preview: preview.number)

    def reap(self, *, still_open: Collection[int] | None, dry_run: bool) -> list[Reaped]:
        """Remove the stacks that have to go, each whatever becomes of the others.

        Args:
            still_open: pull requests that are; None if that is not known.
            dry_run: only tell which would go.
        """
        outcomes: list[Reaped] = []
        for preview in self.all():
            why = why_to_remove(
                preview, now=self.clock.date(), lifetime=self._lifetime_of(preview), still_open=still_open
            )
            if why is not None:
                self.say(f"{preview.stack}: {why}")
                failure = None if dry_run else self._try_to_remove(preview)
                outcomes.append(Reaped(preview=preview, why=why, failure=failure))
        return outcomes

    def _lifetime_of(self, preview: Preview) -> timedelta:
        try:
            return self.limits(preview.base or DEFAULT_BASE).lifetime
        except AutomationError:
            # Its base has no settings any more.
            return _LIFETIME

    def _try_to_remove(self, preview: Preview) -> str | None:
        try:
            self.remove(preview.stack)
        except AutomationError as error:
            self.say(f"{preview.stack}: still there: {error}")
            return str(error)
        return None

    def _look_at(self, known: KnownStack) -> Preview:
        outputs = self.stacks.outputs(known.name)
        return Preview(
            stack=known.name,
            base=self._base_of(known.name, outputs),
            address=outputs.get("url"),
            expires=_time(outputs.get("expires")),
            last_update=known.last_update,
            under_way=known.under_way,
        )

    def _base_of(self, stack: str, outputs: Mapping[str, Any] | None = None) -> str | None:
        """Return what a stack is attached to, also where its first update failed half way."""
        told = (self.stacks.outputs(stack) if outputs is None else outputs).get("attached_to")
        read = [name for name in self.stacks.references(stack) if not is_preview(name)] if not told else []
        # `attach-to` may be a name in full, with organization and project.
        return next((name.rpartition("/")[2] for name in (told, *read) if name), None)

    def _check_number(self, stack: str, base: str, there: Sequence[str], limits: Limits) -> None:
        others = [name for name in there if is_preview(name) and (self._base_of(name) or base) == base]
        if len(others) >= limits.maximum:
            raise AutomationError(
                f"{base} allows {limits.maximum} stacks of pull requests and has {len(others)} "
                f"({', '.join(sorted(others))}), so there is no room for {stack}: destroy one, `python -m "
                "automation previews reap` those whose time is up, or raise `preview-stacks.maximum` in "
                f"Pulumi.{base}.yaml"
            )

    def _shared(self, base: str) -> Shared:
        attachment: Any = self.stacks.outputs(base).get("attachment")
        if not attachment:
            raise AutomationError(
                f"{base} has no output `attachment`, and so nothing to attach to: bring it up first "
                f"(`python -m automation up {base}`)"
            )
        return Shared(
            base=base,
            load_balancer_arn=attachment["load_balancer_arn"],
            listener_arn=attachment["listener_arn"],
        )

    def _write_file_if_missing(self, stack: str) -> None:
        """Write what a fresh checkout does not have; without it the state has to do, and can."""
        file = self._file(stack, self._base_of(stack) or DEFAULT_BASE)
        if file.path.exists():
            return
        try:
            config.write(file, expires=self.clock.date(), shared=self.keys_of_the_base)
        except AutomationError as error:
            self.say(f"{file.path.name} cannot be written again, the state has to do: {error}")

    def _file(self, stack: str, base: str) -> Derived:
        return Derived(root=self.root, project=self.project, stack=stack, base=base)


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
