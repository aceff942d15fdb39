"""The questions of `init`: their defaults, and what answers are valid."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import click

from automation.errors import AutomationError
from automation.previews.names import is_preview
from automation.stack_files import STACK_NAME, STACK_NAME_RULE, stack_names

_DEFAULT_STACKS: Final = ("dev", "staging", "prod")
_NONE: Final = frozenset({"", "none", "-"})
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Account:
    """The credentials of a stack: a profile's, a role's, or the shell's."""

    profile: str | None = None
    role: str | None = None


def answer(
    option: str, text: str, default: str, read: Callable[[str], _T], given: str | None, *, is_prompted: bool
) -> _T:
    """Return the value of an option, of what the user types, or of the default.

    Args:
        option: the option's name, for messages.
        text: the question.
        default: the answer without one.
        read: returns an answer's value; raises `AutomationError` for an invalid one.
        given: the option's text; None if it was not used.
        is_prompted: whether the user can be asked; an invalid answer is asked for again.

    Raises:
        click.UsageError: the option, or the default, is invalid.
        click.Abort: the user stopped.
    """

    def value(answer: str) -> _T:
        try:
            return read(answer.strip())
        except AutomationError as error:
            raise click.UsageError(str(error)) from error

    if is_prompted and given is None:
        return click.prompt(text, default=default, show_default=bool(default), err=True, value_proc=value)
    try:
        return value(default if given is None else given)
    except click.UsageError as error:
        raise click.UsageError(f"{option}: {error.message}") from error


def require_terminal() -> None:
    """Refuse to prompt without a terminal.

    Raises:
        click.UsageError: standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal for questions: use --yes for the defaults, or options")


def default_folder(root: Path) -> str:
    """Return the folder of the app: the one around this project if it has a package.json, else `app`."""
    return ".." if (root.parent / "package.json").is_file() else "app"


def default_region() -> str:
    """Return the region of the shell or of its profile, else us-east-1."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return str(Session().get_config_variable("region") or "us-east-1")
    except BotoCoreError:
        return "us-east-1"


def default_stacks(root: Path) -> str:
    """Return the stacks that have a file, in the order of promotion."""
    names = [name for name in stack_names(root) if not is_preview(name) and name != "smoke"]
    # A stack with another name is promoted to between dev and prod.
    order = {name: number for number, name in enumerate(_DEFAULT_STACKS)}
    return ",".join(sorted(names, key=lambda name: (order.get(name, 1), name)) or _DEFAULT_STACKS)


def zone(text: str) -> str | None:
    """Return a hosted zone; None for none."""
    from pydantic import TypeAdapter

    from infra.settings.names import HostName

    name = text.lower().removeprefix("https://").removeprefix("http://").strip("/").removeprefix("www.")
    if name in _NONE:
        return None
    with _validation(name):
        return TypeAdapter[str](HostName).validate_python(name)


def region(text: str) -> str:
    """Return a region."""
    from infra.settings import ProviderSettings

    with _validation(text):
        ProviderSettings.model_validate({"aws:region": text})
    return text


def stacks(text: str) -> list[str]:
    """Return the names of stacks."""
    names = [name for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if not STACK_NAME.fullmatch(name):
            raise AutomationError(f"{name!r} cannot name a stack: {STACK_NAME_RULE}")
        if is_preview(name):
            raise AutomationError(f"{name!r} is the stack of a pull request: `up {name}` writes its file")
    if not names:
        raise AutomationError(f"at least one stack is needed, such as {','.join(_DEFAULT_STACKS)}")
    return list(dict.fromkeys(names))


def accounts(text: str) -> Mapping[str, Account]:
    """Return accounts by stack, that of all others by the empty name."""
    found = {"": Account()}
    for part in re.split(r"[,\s]+", text):
        name, equals, value = part.partition("=")
        is_of_one = equals and STACK_NAME.fullmatch(name)
        found[name if is_of_one else ""] = _account(value if is_of_one else part)
    return found


def _account(text: str) -> Account:
    from infra.settings import ProviderSettings

    if text.lower() in _NONE:
        return Account()
    if text.startswith("arn:"):
        with _validation(text):
            return Account(role=ProviderSettings(assume_role_arn=text).assume_role_arn)
    if re.fullmatch(r"\d{12}|\d{4}-\d{4}-\d{4}", text):
        return Account(profile=_profile_of(text.replace("-", "")))
    with _validation(text):
        ProviderSettings(profile=text)
    if text not in (known := _profiles()):
        listed = ", ".join(known) or "none"
        raise AutomationError(f"there is no profile {text!r} in ~/.aws/config; there are: {listed}")
    return Account(profile=text)


def _profile_of(account: str) -> str:
    """Return the only profile of an account."""
    profiles = [
        name
        for name, keys in _profiles().items()
        if account == keys.get("sso_account_id") or f"::{account}:" in keys.get("role_arn", "")
    ]
    if len(profiles) == 1:
        return profiles[0]
    reason = f"has several profiles ({', '.join(profiles)})" if profiles else "has no profile"
    raise AutomationError(
        f"account {account} {reason}: name a profile of ~/.aws/config, or the ARN of a role"
        " (arn:aws:iam::…:role/…)"
    )


def _profiles() -> Mapping[str, Mapping[str, str]]:
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return Session().full_config.get("profiles", {})
    except BotoCoreError as error:
        raise AutomationError(str(error)) from error


@contextmanager
def _validation(value: str) -> Generator[None]:
    """Turn an error of the settings into one about a value."""
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise AutomationError(f"{value!r} is not {allowed}") from error
