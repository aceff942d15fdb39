"""The five questions of `init`: their defaults, and what an answer may be."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from automation.console import say
from automation.errors import AutomationError
from automation.stack_files import stack_names

_DEFAULT_STACKS: Final = "dev,staging,prod"
_STACK: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PULL_REQUEST: Final = re.compile(r"pr-\d+")
_NONE: Final = frozenset({"", "none", "-"})


@dataclass(frozen=True, kw_only=True)
class Account:
    """Which credentials a stack uses: a profile's, a role's, or the shell's own."""

    profile: str | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, which an option of the command answers, too."""

    option: str
    text: str
    default: str
    read: Callable[[str], Any]
    """Returns the answer's meaning; raises `AutomationError` for what it cannot be."""

    def answer(self, given: str | None, *, asks: bool) -> Any:
        """Return the meaning of the option, of what the user types, or of the default.

        Raises:
            click.UsageError: the option, or the default, cannot be.
            click.Abort: the user stopped.
        """
        if given is not None or not asks:
            try:
                return self.read(self.default if given is None else given)
            except AutomationError as error:
                raise click.UsageError(f"{self.option}: {error}") from error
        while True:
            typed = click.prompt(self.text, default=self.default, show_default=bool(self.default), err=True)
            try:
                return self.read(typed.strip())
            except AutomationError as error:
                say(f"  {error}")


def default_folder(root: Path) -> str:
    """Return the folder in which an app is most likely: around this project, else `app`."""
    return ".." if (root.parent / "package.json").is_file() else "app"


def default_region() -> str:
    """Return the region of the shell, or of its profile, else us-east-1."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return str(Session().get_config_variable("region") or "us-east-1")
    except BotoCoreError:
        return "us-east-1"


def default_stacks(root: Path) -> str:
    """Return the stacks that have a file, in the order in which a version passes through them."""
    found = [name for name in stack_names(root) if not _PULL_REQUEST.fullmatch(name) and name != "smoke"]
    usual = _DEFAULT_STACKS.split(",")
    # What has another name is most likely a rehearsal.
    places = {name: usual.index(name) if name in usual else 1 for name in found}
    return ",".join(sorted(found, key=lambda name: (places[name], name))) or _DEFAULT_STACKS


def zone(text: str) -> str | None:
    """Return the hosted zone that an answer names; None for none."""
    from pydantic import TypeAdapter

    from infra.settings.names import HostName

    name = text.lower().removeprefix("https://").removeprefix("http://").strip("/").removeprefix("www.")
    if name in _NONE:
        return None
    _check(lambda: TypeAdapter[str](HostName).validate_python(name), name)
    return name


def region(text: str) -> str:
    """Return the region that an answer names."""
    from infra.settings import ProviderSettings

    _check(lambda: ProviderSettings.model_validate({"aws:region": text}), text)
    return text


def stacks(text: str) -> list[str]:
    """Return the stacks that an answer names."""
    names = [name for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if not _STACK.fullmatch(name):
            raise AutomationError(f"{name!r} cannot name a stack: letters, digits, - and _, at most 100")
        if _PULL_REQUEST.fullmatch(name):
            raise AutomationError(f"{name!r} is the stack of a pull request: `up {name}` writes its file")
    if not names:
        raise AutomationError(f"at least one stack is needed, such as {_DEFAULT_STACKS}")
    return list(dict.fromkeys(names))


def accounts(text: str) -> Mapping[str, Account]:
    """Return accounts by stack, that of all others by the empty name."""
    found: dict[str, Account] = {"": Account()}
    for part in re.split(r"[,\s]+", text):
        name, equals, value = part.partition("=")
        if equals and _STACK.fullmatch(name):
            found[name] = _account(value)
        else:
            found[""] = _account(part)
    return found


def _account(text: str) -> Account:
    from infra.settings import ProviderSettings

    if text.lower() in _NONE:
        return Account()
    if text.startswith("arn:"):
        _check(lambda: ProviderSettings(assume_role_arn=text), text)
        return Account(role=text)
    if re.fullmatch(r"\d{12}|\d{4}-\d{4}-\d{4}", text):
        number = text.replace("-", "")
        profiles = [name for name, keys in _profiles().items() if number in _accounts_of(keys)]
        if len(profiles) != 1:
            several = (
                f"several profiles are in it ({', '.join(profiles)})" if profiles else "no profile is in it"
            )
            raise AutomationError(
                f"account {number}: {several}; name a profile of ~/.aws/config or the ARN of a role "
                "(arn:aws:iam::…:role/…)"
            )
        return Account(profile=profiles[0])
    _check(lambda: ProviderSettings(profile=text), text)
    if text not in (known := _profiles()):
        there = ", ".join(known) or "none"
        raise AutomationError(f"there is no profile {text!r} in ~/.aws/config; there are: {there}")
    return Account(profile=text)


def _profiles() -> Mapping[str, Mapping[str, str]]:
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return Session().full_config.get("profiles", {})
    except BotoCoreError as error:
        raise AutomationError(str(error)) from error


def _accounts_of(profile: Mapping[str, str]) -> set[str]:
    role = re.match(r"arn:aws[a-z-]*:iam::(\d{12}):", profile.get("role_arn", ""))
    return {profile.get("sso_account_id", ""), role[1] if role else ""} - {""}


def _check(validate: Callable[[], object], value: str) -> None:
    from pydantic import ValidationError

    try:
        validate()
    except ValidationError as error:
        allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise AutomationError(f"{value!r} is not {allowed}") from error


def require_terminal() -> None:
    """Refuse to ask where nobody can answer.

    Raises:
        click.UsageError: standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: --yes takes the defaults, options answer")
