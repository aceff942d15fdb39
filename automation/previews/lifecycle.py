"""Creates and removes the stacks of pull requests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from automation.console import say, to_type
from automation.errors import AutomationError
from automation.previews.capacity import check_capacity
from automation.previews.expiry import Preview, reason_to_remove
from automation.previews.names import DEFAULT_BASE, is_preview, number_of
from automation.stack_files import DerivedStackFile
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock
from infra.settings import KEYS_OF_THE_BASE

if TYPE_CHECKING:
    from automation.stacks.stacks import StackSummary

_LIFETIME: Final = timedelta(hours=72)
"""The lifetime of a stack whose base has no file."""
_KEYS_NOT_COPIED: Final = frozenset(
    {"alarms", "autoscaling", "monthly-budget-usd", "schedules", *KEYS_OF_THE_BASE}
)
"""Keys that a stack shares with its base, or does not need."""


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A stack to be removed, and the result."""

    preview: Preview
    reason: str
    failure: str | None = None
    """Why it could not be removed."""


@dataclass(frozen=True)
class Previews:
    """The stacks of pull requests of this project."""

    stacks: Stacks
    say: Callable[[str], None] = say
    clock: Clock = REAL

    def prepare(self, stack: str, *, base: str | None = None, lifetime: timedelta | None = None) -> datetime:
        """Create a stack if it does not exist, write its file, and restart its lifetime.

        Args:
            stack: the stack of a pull request.
            base: the stack to attach to; None for the current base, or dev.
            lifetime: None for that in the base's file.

        Returns:
            When it expires.

        Raises:
            AutomationError: the stack is not a pull request's, or the base has no capacity.
        """
        number_of(stack)
        names = [summary.name for summary in self.stacks.summaries()]
        new = stack not in names
        attached = None if new else self._base_of(stack)
        chosen = base or attached or DEFAULT_BASE
        if is_preview(chosen):
            raise AutomationError(f"{stack} cannot attach to {chosen}, which is attached to another stack")
        if attached not in (None, chosen):
            raise AutomationError(
                f"{stack} is attached to {attached} and cannot move to {chosen}: run "
                f"{to_type('destroy', stack)} first"
            )
        settings = self.stacks.settings(chosen)
        if new:
            self._check_maximum(stack, chosen, names, settings.preview_stacks.maximum)
        attachment = self._attachment_of(chosen)
        file = self._file(stack, chosen)
        lifetime = lifetime or timedelta(hours=settings.preview_stacks.lifetime_hours)
        expires = self.clock.date() + lifetime
        write_stack_file(file, expires)
        try:
            priority = self.stacks.settings(stack).main.priority
            check_capacity(self.stacks.clients(settings), chosen, attachment, stack, priority)
            if new:
                self.stacks.create(stack, file.encryption_of_base())
                self.say(f"created stack {stack}, attached to {chosen}")
        except AutomationError:
            if new:
                file.path.unlink()
            raise
        # Pulumi has written an encryption key into the file of a new stack.
        write_stack_file(file, expires)
        return expires

    def remove(self, stack: str) -> bool:
        """Destroy a stack, delete it with its history and file, and return whether it existed.

        The state is enough: the file may be missing, the first update may have failed, and the base may be
        destroyed.

        Raises:
            AutomationError: the stack is not a pull request's, or a resource could not be deleted.
        """
        number_of(stack)
        exists = self.stacks.exists(stack)
        if exists:
            self._write_file_if_missing(stack)
            try:
                self.stacks.destroy(stack)
                self.stacks.remove(stack)
            except AutomationError:
                # Another run, for which this one has waited, may have removed it.
                if self.stacks.exists(stack):
                    raise
        self._file(stack, DEFAULT_BASE).path.unlink(missing_ok=True)
        return exists

    def all(self) -> list[Preview]:
        """Return the stacks, by number."""
        return [self._preview(summary) for summary in self._summaries()]

    def clean_up(self, *, open_numbers: Collection[int] | None, dry_run: bool) -> list[Removal]:
        """Remove stacks that are closed or have expired; a failure does not stop the others.

        Each stack is read when it is its turn: an update may have extended its life meanwhile.

        Args:
            open_numbers: the numbers of open pull requests; None if they are unknown.
            dry_run: remove nothing.
        """
        removals: list[Removal] = []
        for summary in self._summaries():
            try:
                preview = self._preview(summary)
            except AutomationError as error:
                self.say(f"{summary.name}: its state cannot be read: {error}")
                unknown = Preview(stack=summary.name, last_update=summary.last_update)
                reason = "its state cannot be read"
                removals.append(Removal(preview=unknown, reason=reason, failure=str(error)))
                continue
            reason = reason_to_remove(
                preview, now=self.clock.date(), lifetime=self._lifetime_of(preview), open_numbers=open_numbers
            )
            if reason is not None:
                self.say(f"{preview.stack}: {reason}")
                removal = Removal(preview=preview, reason=reason)
                removals.append(removal if dry_run else self._try_to_remove(removal))
        return removals

    def _summaries(self) -> Sequence[StackSummary]:
        """Return the backend's summaries of the stacks, by number."""
        previews = (item for item in self.stacks.summaries() if is_preview(item.name))
        return sorted(previews, key=lambda item: number_of(item.name))

    def _lifetime_of(self, preview: Preview) -> timedelta:
        try:
            settings = self.stacks.settings(preview.base or DEFAULT_BASE)
        except AutomationError:
            return _LIFETIME
        return timedelta(hours=settings.preview_stacks.lifetime_hours)

    def _try_to_remove(self, removal: Removal) -> Removal:
        stack = removal.preview.stack
        try:
            self.remove(stack)
        except AutomationError as error:
            self.say(f"{stack}: not removed: {error}")
            return replace(removal, failure=str(error))
        return removal

    def _preview(self, summary: StackSummary) -> Preview:
        outputs = self.stacks.outputs(summary.name)
        url, expires = outputs.get("url"), outputs.get("expires")
        return Preview(
            stack=summary.name,
            base=self._base_of(summary.name, outputs),
            address=url and self.stacks.address(url),
            expires=expires and datetime.fromisoformat(expires),
            last_update=summary.last_update,
            under_way=summary.under_way,
        )

    def _base_of(self, stack: str, outputs: Mapping[str, Any] | None = None) -> str | None:
        """Return the base of a stack, also after a failed first update."""
        attached = (self.stacks.outputs(stack) if outputs is None else outputs).get("attached_to")
        if attached:
            # ORGANIZATION/PROJECT/STACK, or STACK alone.
            return attached.rpartition("/")[2]
        return next((name for name in self.stacks.references(stack) if not is_preview(name)), None)

    def _check_maximum(self, stack: str, base: str, names: Collection[str], maximum: int) -> None:
        others = sorted(name for name in names if is_preview(name) and (self._base_of(name) or base) == base)
        if len(others) >= maximum:
            raise AutomationError(
                f"{base} allows {maximum} stacks of pull requests and has {len(others)} "
                f"({', '.join(others)}), so {stack} cannot be created: destroy one, remove those that have "
                f"expired ({to_type('previews clean-up')}), or raise `preview-stacks.maximum` in "
                f"Pulumi.{base}.yaml"
            )

    def _attachment_of(self, base: str) -> Mapping[str, Any]:
        attachment = self.stacks.outputs(base).get("attachment")
        if not attachment:
            raise AutomationError(
                f"{base} has no output `attachment`: {to_type('up', base)} has to succeed first"
            )
        return attachment

    def _write_file_if_missing(self, stack: str) -> None:
        """Write the file, which a fresh checkout lacks; it has the encryption key of the stack's secrets."""
        file = self._file(stack, self._base_of(stack) or DEFAULT_BASE)
        if file.path.exists():
            return
        try:
            write_stack_file(file, self.clock.date())
        except AutomationError as error:
            self.say(f"{file.path.name} cannot be written again; continuing with the state alone: {error}")

    def _file(self, stack: str, base: str) -> DerivedStackFile:
        return DerivedStackFile(root=self.stacks.root, project=self.stacks.project, stack=stack, base=base)


def write_stack_file(file: DerivedStackFile, expires: datetime) -> None:
    """Write the file of a pull request's stack: that of its base without some keys.

    Raises:
        AutomationError: the base has no file, or has secrets that the stack could not decrypt.
    """
    changes = {"attach-to": file.base, "expires": f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    file.write(
        left_out=_KEYS_NOT_COPIED,
        changes={f"{file.project}:{key}": value for key, value in changes.items()},
        command=f"python -m automation up {file.stack}",
    )
