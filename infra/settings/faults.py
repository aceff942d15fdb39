"""Errors of a configuration: each with key, value and what is allowed, and all of them in one message."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import pulumi

Path = tuple[str | int, ...]

_LONGEST_VALUE: Final = 120
_SENSITIVE: Final = r"secret|passw|token|credential|auth|(?:api|access|encryption|signing|private).?key"
_NAMES_A_SECRET: Final = re.compile(_SENSITIVE, re.IGNORECASE)
_CONTAINS_A_SECRET: Final = re.compile(rf'"[^"]*(?:{_SENSITIVE})[^"]*": |://[^/\s"]*@', re.IGNORECASE)
_CUTOFF: Final = 0.68
_LONGEST_KEY_LIST: Final = 15
_REFERENCE: Final = "docs/configuration.md"


class NoValue(Enum):
    """Why an error shows no value."""

    FROM_MODEL = "…"
    """The model or the validator that raises the fault fills the value in."""
    MISSING = " is missing"
    NAME = ""
    """The name itself is wrong."""
    HIDDEN = " = [secret]"


@dataclass(frozen=True)
class Fault:
    """One error and the key it belongs to."""

    path: Path
    """The key, from the model or field that reports it; in a `SettingsError`, from the stack file."""
    allowed: str
    """What the value may be, or what to do instead."""
    value: object = NoValue.FROM_MODEL
    is_rule: bool = False
    """Whether it comes from a rule, which may be about several keys, and not from a type."""

    def below(self, *path: str | int) -> Fault:
        """Return the same fault for a model that is at `path`."""
        return replace(self, path=(*path, *self.path))

    def line(self, secret_keys: frozenset[str] = frozenset()) -> str:
        """Return key, value and what is allowed on one line, without the values of `secret_keys`."""
        if isinstance(self.value, NoValue):
            shown = self.value.value
        elif self.path[0] in secret_keys or self._is_secret():
            shown = NoValue.HIDDEN.value
        else:
            text = _printable(json.dumps(self.value, ensure_ascii=False, default=str))
            shown = f" = {text if len(text) <= _LONGEST_VALUE else f'{text[:_LONGEST_VALUE]}…'}"
        return f"{self.key}{shown}: {self.allowed}"

    @property
    def key(self) -> str:
        """The path as `pulumi config set --path` accepts it: `multidev[0].cpu`."""
        rest = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path[1:])
        return _printable("".join([str(self.path[0]), *rest]))

    def _is_secret(self) -> bool:
        # A value in place of an ARN is most likely the secret itself.
        text = json.dumps(self.value, default=str)
        is_arn = text.startswith('"arn:')
        return not is_arn and bool(_NAMES_A_SECRET.search(self.key) or _CONTAINS_A_SECRET.search(text))


class FaultsError(ValueError):
    """Raised by a validator; each fault is reported on its own."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


class SettingsError(pulumi.RunError):
    """An invalid configuration; the Pulumi CLI prints a `RunError` without a traceback."""

    def __init__(self, stack: str, faults: Iterable[Fault], *, secret_keys: Iterable[str] = ()) -> None:
        """List every fault, without the values of `secret_keys`, which have no prefix."""
        self.faults = tuple(faults)
        lines = [fault.line(frozenset(secret_keys)) for fault in self.faults]
        count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
        listed = "\n".join(f"  - {line}" for line in lines)
        super().__init__(
            f"The configuration of stack {stack} has {count}; nothing was changed.\n{listed}\n"
            f"Correct Pulumi.{stack}.yaml, or use `pulumi config set --stack {stack}`; "
            "Pulumi.yaml describes every key."
        )


def check(faults: Iterable[Fault]) -> None:
    """Raise a `FaultsError` if there are any faults."""
    if listed := tuple(faults):
        raise FaultsError(*listed)


def repeated(items: Iterable[object], *path: str | int) -> Iterator[Fault]:
    """Yield a fault for each item that the list has already."""
    seen: list[object] = []
    for index, item in enumerate(items):
        if item in seen:
            yield Fault((index, *path), f"each once; it is number {seen.index(item) + 1} already", item)
        seen.append(item)


def unknown_key(path: Path, value: object, keys: Iterable[str], *, listed: bool = False) -> Fault:
    """Return the fault of a key that does not exist, with the nearest key or, if `listed`, all of them."""
    names = list(keys)
    near = nearest(str(path[-1]), names)
    hint = f"; the nearest is `{near}`" if near else ""
    if listed and len(names) <= _LONGEST_KEY_LIST:
        hint += f" (of {', '.join(names)})"
    elif listed and not near:
        hint += f"; {_REFERENCE} lists the {len(names)} keys"
    is_secret = near is not None and _NAMES_A_SECRET.search(near)
    return Fault(path, f"there is no such key{hint}", NoValue.HIDDEN if is_secret else value)


def unknown_keys(entry: Mapping[str, object], keys: Collection[str]) -> list[Fault]:
    """Return the faults of an object's keys that do not exist."""
    return [unknown_key((key,), entry[key], keys, listed=True) for key in entry if key not in keys]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant; None if none is similar."""
    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=_CUTOFF)), None)


def _printable(text: str) -> str:
    # JSON can contain half a surrogate pair, which no terminal can print.
    return text.encode("utf-8", "backslashreplace").decode()
