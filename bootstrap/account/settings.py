"""The configuration of bootstrap, as one frozen model."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Self, cast

import pulumi
import yaml
from pulumi.runtime import get_config_env
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from account.tasks import NEVER

_FILE: Final = Path(__file__).parents[1] / "Pulumi.yaml"
_LONGEST_ROLE_NAME: Final = 64
_SIMILAR: Final = 0.68
"""The least similarity of a key that an error suggests."""


class RuleError(ValueError):
    """A value that a rule between keys rejects."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        """Create the error.

        Args:
            key: the key, relative to the model of the rule.
            value: the invalid value.
            allowed: the values that are allowed.
        """
        super().__init__(allowed)
        self.key, self.value, self.allowed = key, value, allowed


def _text(pattern: str, allowed: str, *, or_none: bool = False) -> Any:
    """Return a validator of strings that match a pattern; with `or_none`, an empty string is None."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: object) -> str | None:
        if or_none and value in ("", None):
            return None
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        raise PydanticCustomError("text", "{allowed}", {"allowed": allowed})

    return PlainValidator(check)


_Positive = Annotated[int, Field(strict=True, ge=1)]
_NotNegative = Annotated[int, Field(strict=True, ge=0)]
_NAME_PATTERN: Final = r"[\w.-]{1,40}"
_ACCOUNT_PATTERN: Final = r"\d{12}"
# Without `*` and `?`: IAM would compare them literally.
_Environment = Annotated[str, _text(r"[^*?:\n]{1,255}", "GitHub environments, no patterns")]
_Subject = Annotated[
    str,
    _text(
        r"pull_request|environment:[^*?\n]+|ref:refs/(?:heads|tags)/[^*?\n]+",
        "pull_request, environment:<name>, ref:refs/heads/<branch> or ref:refs/tags/<tag>",
    ),
]
_Account = Annotated[str, _text(_ACCOUNT_PATTERN, "an AWS account: 12 digits, in quotes")]
# The normalized form that Route 53 compares: lowercase, without a trailing dot.
_Domain = Annotated[
    str,
    _text(
        r"(?=.{1,255}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]{2,63}",
        "names such as dev.example.com",
    ),
]
_Action = Annotated[
    str,
    _text(
        rf"(?!(?:{'|'.join(NEVER)}):)[a-z0-9-]+:[A-Za-z0-9*?]+",
        f"actions such as s3:GetObject, none of {', '.join(NEVER)}",
    ),
]
_Resource = Annotated[str, _text(r"\*|arn:aws[a-z-]*:(?!iam:|sts:)[a-z0-9-]+:[^\s]+", "ARNs, or *")]


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-")
    )


class TaskRoleStatement(_Model):
    """Permissions that the tasks of a stack may have in addition to those of all stacks."""

    actions: tuple[_Action, ...] = Field(min_length=1)
    resources: tuple[_Resource, ...] = Field(min_length=1)


class StackSettings(_Model):
    """A stack of this account."""

    name: Annotated[str, _text(_NAME_PATTERN, "1 to 40 letters, digits and . _ -")]
    environments: tuple[_Environment, ...] = Field(default=(), min_length=1)
    """GitHub environments whose jobs can deploy the stack."""
    branch: Annotated[str | None, _text(r"[^*?:\s]{1,255}", "a branch, no pattern")] = None
    """The branch whose jobs can deploy the stack; None for any, which previews require."""
    previews: Annotated[str | None, _text(r"[\w.-]+\*?", "a name that may end with *: pr-*")] = None
    """Pattern of stacks of pull requests that the same role deploys."""
    domains: tuple[_Domain, ...] = ()
    """Domains for which the stack can have DNS records, including subdomains."""
    task_role_statements: tuple[TaskRoleStatement, ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        """Names and patterns of all stacks that its role deploys."""
        return (self.name, self.previews) if self.previews else (self.name,)

    @model_validator(mode="before")
    @classmethod
    def _set_defaults(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        stack = cast("dict[str, object]", value)
        defaults: dict[str, object] = {"environments": [stack["name"]]} if "name" in stack else {}
        if "previews" not in stack:
            defaults["branch"] = "main"
        return {**defaults, **stack}

    @model_validator(mode="after")
    def _validate_previews(self) -> Self:
        if self.previews and self.branch:
            raise RuleError("branch", self.branch, "none, as previews are deployed from any branch")
        return self


class Settings(_Model):
    """All configuration of bootstrap; `bootstrap/Pulumi.yaml` describes each key."""

    region: Annotated[str, _text(r"[a-z]{2,}(?:-[a-z]+)+-\d", "an AWS region such as us-east-1")] = Field(
        alias="aws:region"
    )
    project: Annotated[
        str, _text(r"[a-z][a-z0-9-]{0,22}[a-z0-9]", "2 to 24 lowercase letters, digits and hyphens")
    ]
    github_repository: Annotated[str, _text(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", "organization/name")]
    github_organization_id: _Positive
    github_repository_id: _Positive
    oidc_provider_arn: Annotated[
        str | None,
        _text(
            r"arn:aws[a-z-]*:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com",
            "the ARN of GitHub's OIDC provider in this account",
            or_none=True,
        ),
    ]
    stacks: tuple[StackSettings, ...]
    read_only_subjects: tuple[_Subject, ...]
    image_repository: Annotated[
        str | None,
        _text(
            r"(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*",
            "2 to 256 lowercase letters and digits, between them . _ - /",
            or_none=True,
        ),
    ]
    expire_images_after_days: _NotNegative
    images_from_account: Annotated[
        str | None, _text(_ACCOUNT_PATTERN, "an AWS account: 12 digits", or_none=True)
    ]
    state_history_days: _Positive
    state_bucket: Annotated[
        str | None, _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket", or_none=True)
    ]
    state_key_arn: Annotated[
        str | None,
        _text(
            r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
            "the ARN of a KMS key, arn:aws:kms:…:key/…",
            or_none=True,
        ),
    ]
    trusted_accounts: tuple[_Account, ...]
    alarm_emails: tuple[Annotated[str, _text(r"[^@\s]+@[^@\s]+\.[^@\s.]+", "e-mail addresses")], ...]
    log_days: _NotNegative
    log_key: StrictBool
    block_public_buckets: StrictBool

    @classmethod
    def load(cls) -> Settings:
        """Read the configuration of this stack.

        Raises:
            pulumi.RunError: the configuration is invalid; the message lists all errors.
        """
        # Pulumi applies the defaults of Pulumi.yaml; unit tests do not.
        declared = cast("dict[str, dict[str, Any]]", yaml.safe_load(_FILE.read_text("utf-8"))["config"])
        config = pulumi.Config()
        prefix = f"{config.name}:"
        names = {key.removeprefix(prefix) for key in get_config_env() if key.startswith(prefix)}
        values: dict[str, object] = {
            "aws:region": pulumi.Config("aws").get("region") or declared["aws:region"]["value"]
        }
        for name in {*names, *(key for key in declared if ":" not in key)}:
            entry = declared.get(name, {})
            text = config.get(name)
            value = entry.get("default") if text is None else text
            if value is not None:
                values[name] = value if entry.get("type") == "string" else _parsed(value)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            lines = [f"  - {line}" for line in _error_lines(error)]
            errors = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
            first = f"The configuration of the account has {errors}; nothing was changed."
            last = "Use `pulumi config set`; bootstrap/Pulumi.yaml describes every key."
            raise pulumi.RunError("\n".join([first, *lines, last])) from None

    @model_validator(mode="after")
    def _validate_stacks(self) -> Self:
        _reject_duplicates([stack.name for stack in self.stacks])
        # A job of an environment without approval could otherwise deploy a stack that requires one.
        _reject_duplicates([name for stack in self.stacks for name in stack.environments])
        for stack, other in itertools.permutations(self.stacks, 2):
            previews = stack.previews
            if previews and any(_overlap(previews, pattern) for pattern in other.patterns):
                raise RuleError("stacks", previews, f"a pattern that matches no stack of {other.name}")
        for index, stack in enumerate(self.stacks):
            if len(f"{self.project}-deploy-{stack.name}") > _LONGEST_ROLE_NAME:
                allowed = "shorter: its role's name would exceed 64 characters"
                raise RuleError(f"stacks[{index}].name", stack.name, allowed)
        return self

    @model_validator(mode="after")
    def _validate_combinations(self) -> Self:
        if (self.state_bucket is None) != (self.state_key_arn is None):
            raise RuleError(
                "state-key-arn", self.state_key_arn or "", "set together with `state-bucket`, or not at all"
            )
        if (self.images_from_account or self.trusted_accounts) and self.image_repository is None:
            raise RuleError("image-repository", "", "a name, as images are replicated by it")
        if self.state_bucket and self.trusted_accounts:
            accounts = list(self.trusted_accounts)
            raise RuleError("trusted-accounts", accounts, "empty, as `state-bucket` is in another account")
        return self


_MODELS: Final[tuple[type[BaseModel], ...]] = (Settings, StackSettings, TaskRoleStatement)
"""Models by their depth in the configuration."""


def _parsed(value: object) -> object:
    # The CLI provides structured values as JSON.
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _reject_duplicates(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise RuleError("stacks", name, "each stack and each environment once")


def _overlap(pattern: str, other: str) -> bool:
    """Return whether a stack can match both patterns, of which each may end with `*`."""
    return fnmatchcase(pattern, other) or fnmatchcase(other, pattern)


def _error_lines(error: ValidationError) -> Iterator[str]:
    """Yield a line for each error: key, value, allowed values."""
    for details in error.errors(include_url=False):
        path, value, context = details["loc"], details["input"], details.get("ctx", {})
        match details["type"]:
            case "value_error" if isinstance(rule := context["error"], RuleError):
                yield f"{_key((*path, rule.key))} = {_shown(rule.value)}: {rule.allowed}"
            case "missing":
                yield f"{_key(path)} is missing"
            case "extra_forbidden":
                keys = _keys_beside(path)
                similar = difflib.get_close_matches(str(path[-1]), keys, n=1, cutoff=_SIMILAR)
                hint = f"; the nearest is `{similar[0]}`" if similar else f" (of {', '.join(keys)})"
                yield f"{_key(path)} = {_shown(value)}: there is no such key{hint}"
            case "model_type":
                yield f"{_key(path)} = {_shown(value)}: an object with {', '.join(_keys_beside((*path, '')))}"
            case "tuple_type" | "too_short":
                yield f"{_key(path)} = {_shown(value)}: a list{' of one or more' * (value == [])}"
            case "bool_type" | "bool_parsing":
                yield f"{_key(path)} = {_shown(value)}: true or false"
            case "int_type" | "int_parsing" | "int_from_float":
                yield f"{_key(path)} = {_shown(value)}: a whole number"
            case "greater_than_equal":
                yield f"{_key(path)} = {_shown(value)}: {context['ge']} or more"
            case _:
                yield f"{_key(path)} = {_shown(value)}: {details['msg'].removeprefix('Input should be ')}"


def _keys_beside(path: tuple[int | str, ...]) -> list[str]:
    """Return all keys of the model that has the key at the end of a path."""
    depth = sum(isinstance(part, str) for part in path[:-1])
    return [field.alias or name for name, field in _MODELS[depth].model_fields.items()]


def _key(path: Iterable[int | str]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
