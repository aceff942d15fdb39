"""Everything that is wrong with a configuration, told in one message."""

from __future__ import annotations

import json
import re
from typing import Final

import pulumi

_LONGEST_VALUE: Final = 120
_TOP_LEVEL_NAME: Final = re.compile(r"[^.\[]*")
CREDENTIALS: Final = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"},
)
"""Names that no container's environment may have: Security Hub ECS.8."""
_HOLDS_SECRETS: Final = re.compile(rf"^secrets\b|\b(?:{'|'.join(sorted(CREDENTIALS))})\b")


class SettingsError(pulumi.RunError):
    """The configuration cannot be right; the CLI prints a `RunError` without a traceback."""


class Faults:
    """Collects faults, so that one run shows them all."""

    def __init__(self, *, stack: str, secret_keys: frozenset[str] = frozenset()) -> None:
        """Begin without faults.

        Args:
            stack: named in the message, with its file.
            secret_keys: keys whose values the message must not show.
        """
        self._stack = stack
        self._secret_keys = secret_keys
        self._faults: list[tuple[str, str]] = []

    def aside(self) -> Faults:
        """Return an empty collection for what nobody has to be told."""
        return Faults(stack=self._stack)

    def add(self, key: str, value: object, allowed: str) -> None:
        """Note a value that is refused.

        Args:
            key: where it stands, in the form that `pulumi config set --path` takes: `multidev[0].cpu`.
            value: what stands there.
            allowed: what may stand there, or what to do instead.
        """
        shown = "[secret]" if self._hides(key, value) else _shown(value)
        self._faults.append((key, f"{key} = {shown}: {allowed}"))

    def _hides(self, key: str, value: object) -> bool:
        top = _TOP_LEVEL_NAME.match(key)
        if top is not None and top[0] in self._secret_keys:
            return True
        # What stands where an ARN belongs is most likely the secret itself, which has no place in a log.
        return _HOLDS_SECRETS.search(key) is not None and not str(value).startswith("arn:")

    def add_missing(self, key: str, allowed: str) -> None:
        """Note a value that has to be there and is not."""
        self._faults.append((key, f"{key} is missing: {allowed}"))

    def found_at(self, *keys: str) -> bool:
        """Whether one of these keys, or something inside it, is already known to be wrong.

        Rules about several keys ask this first: one mistake shall not show as two.
        """
        return any(
            found == key or found.startswith((f"{key}.", f"{key}["))
            for found, _ in self._faults
            for key in keys
        )

    def raise_if_any(self) -> None:
        """End the program if there is a fault.

        Raises:
            SettingsError: names every fault with its key, its value and what is allowed.
        """
        if not self._faults:
            return
        count = "1 fault" if len(self._faults) == 1 else f"{len(self._faults)} faults"
        lines = "\n".join(f"  - {text}" for _, text in self._faults)
        raise SettingsError(
            f"The configuration of stack {self._stack} has {count}; nothing was changed.\n{lines}\n"
            f"Correct Pulumi.{self._stack}.yaml, or use `pulumi config set --stack {self._stack}`; "
            f"Pulumi.yaml describes every key.",
        )


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
