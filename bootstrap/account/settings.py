"""The account's configuration as one frozen value, and the only place that reads it."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

import pulumi
import yaml
from pulumi.runtime import get_config_env

# `pulumi.Config` reads a key that one knows; a misspelt one is seen only by looking at all that are there.
from pulumi.runtime.config import CONFIG

from account.tasks import NEVER

_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{0,22}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")
_GITHUB_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", re.ASCII)
_OIDC_PROVIDER: Final = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com"
)
_STACK: Final = re.compile(r"[\w.-]{1,40}", re.ASCII)
_PATTERN: Final = re.compile(r"[\w.-]+\*?", re.ASCII)
# No `*` and no `?`: IAM takes them literally here, and who writes them means something else.
_ENVIRONMENT: Final = re.compile(r"[^*?:\n]{1,255}")
_BRANCH: Final = re.compile(r"[^*?:\s]{1,255}")
# As Route 53 compares them: without a dot at the end, in lowercase.
_DOMAIN: Final = re.compile(r"(?=.{1,255}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]{2,63}")
_ACTION: Final = re.compile(rf"(?!(?:{'|'.join(NEVER)}):)[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE: Final = re.compile(r"\*|arn:aws[a-z-]*:(?!iam:|sts:)[a-z0-9-]+:[^\s]+")
_SUBJECT: Final = re.compile(r"pull_request|environment:[^*?\n]+|ref:refs/(?:heads|tags)/[^*?\n]+")
_ECR_REPOSITORY: Final = re.compile(r"(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*")
_ACCOUNT: Final = re.compile(r"\d{12}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", re.ASCII)


_LONGEST_ROLE_NAME: Final = 64
_STACK_KEYS: Final = ("name", "environments", "branch", "previews", "domains", "task-role-statements")


@dataclass(frozen=True, kw_only=True)
class TaskRoleStatement:
    """What tasks may do besides what all of them may."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """A stack that lives in this account."""

    name: str
    environments: tuple[str, ...]
    """GitHub environments whose jobs may deploy it."""
    branch: str | None
    """The branch whose jobs may deploy it; None for any, which previews need."""
    previews: str | None
    """Pattern of other stacks that the same role deploys."""
    domains: tuple[str, ...]
    """Names that it may have DNS records for, with all that is below them."""
    task_role_statements: tuple[TaskRoleStatement, ...]

    @property
    def patterns(self) -> tuple[str, ...]:
        """Names of all stacks that its role deploys."""
        return (self.name, self.previews) if self.previews else (self.name,)


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """Who may do what."""

    github_repository: str
    github_organization_id: int
    github_repository_id: int
    oidc_provider_arn: str | None
    stacks: tuple[StackSettings, ...]
    read_only_subjects: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImagesSettings:
    """The repository that stacks share."""

    repository: str | None
    expire_after_days: int
    from_account: str | None
    to_accounts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExistingState:
    """State that another account keeps."""

    bucket: str
    key_arn: str


@dataclass(frozen=True, kw_only=True)
class StateSettings:
    """Where stacks keep their state."""

    existing: ExistingState | None
    history_days: int
    trusted_accounts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the program may know."""

    project: str
    region: str
    access: AccessSettings
    images: ImagesSettings
    state: StateSettings

    @staticmethod
    def load() -> Settings:
        """Read the configuration of this stack.

        Raises:
            pulumi.RunError: names every fault.
        """
        return _Reader().settings()


class _Reader:
    """Reads keys; after a fault it goes on with something of the right type, to find the others."""

    def __init__(self) -> None:
        # Pulumi hands a program the defaults of its Pulumi.yaml; other engines may not.
        document = yaml.safe_load(Path(__file__).parents[1].joinpath("Pulumi.yaml").read_text("utf-8"))
        declared = cast("dict[str, dict[str, Any]]", document["config"])
        self._defaults = {key: entry.get("default") for key, entry in declared.items()}
        self._preset_region: str = declared["aws:region"]["value"]
        self._config = pulumi.Config()
        self._faults: list[str] = []

    def settings(self) -> Settings:
        self._refuse_strangers()
        project = self._text("project", _PROJECT, "2 to 24 lowercase letters, digits and hyphens")
        region = pulumi.Config("aws").get("region") or self._preset_region
        if not _REGION.fullmatch(region):
            self._refuse("aws:region", region, "an AWS region such as us-east-1")
        access = AccessSettings(
            github_repository=self._text("github-repository", _GITHUB_REPOSITORY, "organization/name"),
            github_organization_id=self._whole("github-organization-id", 1),
            github_repository_id=self._whole("github-repository-id", 1),
            oidc_provider_arn=self._optional(
                "oidc-provider-arn", _OIDC_PROVIDER, "the ARN of GitHub's OIDC provider in this account"
            ),
            stacks=self._stacks(project),
            read_only_subjects=self._texts(
                "read-only-subjects",
                _SUBJECT,
                "pull_request, environment:<name>, ref:refs/heads/<branch> or ref:refs/tags/<tag>",
            ),
        )
        accounts = self._texts("trusted-accounts", _ACCOUNT, "an AWS account: 12 digits, in quotes")
        images = ImagesSettings(
            repository=self._optional(
                "image-repository",
                _ECR_REPOSITORY,
                "2 to 256 lowercase letters and digits, between them . _ - /",
            ),
            expire_after_days=self._whole("expire-images-after-days", 0),
            from_account=self._optional("images-from-account", _ACCOUNT, "an AWS account: 12 digits"),
            to_accounts=accounts,
        )
        state = StateSettings(
            existing=self._existing_state(),
            history_days=self._whole("state-history-days", 1),
            trusted_accounts=accounts,
        )
        if (images.from_account or accounts) and images.repository is None:
            self._refuse("image-repository", "", "a name, for images are replicated under it")
        if state.existing and accounts:
            self._refuse(
                "trusted-accounts", list(accounts), "empty where `state-bucket` is another account's"
            )
        self._raise()
        return Settings(project=project, region=region, access=access, images=images, state=state)

    def _refuse_strangers(self) -> None:
        # The CLI lets a misspelt key pass in silence.
        own = f"{self._config.name}:"
        given = {**get_config_env(), **CONFIG.get()}
        for key in sorted(given):
            name = key.removeprefix(own)
            if key.startswith(own) and name not in self._defaults:
                near = difflib.get_close_matches(name, list(self._defaults), n=1, cutoff=0)[0]
                self._refuse(name, given[key], f"there is no such key; the nearest is `{near}`")

    def _existing_state(self) -> ExistingState | None:
        bucket = self._optional("state-bucket", _BUCKET, "the name of an S3 bucket")
        key = self._optional("state-key-arn", _KEY, "the ARN of a KMS key, arn:aws:kms:…:key/…")
        if (bucket is None) != (key is None):
            self._refuse("state-key-arn", key or "", "set together with `state-bucket`, or neither")
        return ExistingState(bucket=bucket, key_arn=key) if bucket and key else None

    def _stacks(self, project: str) -> tuple[StackSettings, ...]:
        stacks = [
            self._stack(f"stacks[{index}]", cast("dict[str, object]", item), project)
            for index, item in enumerate(self._items("stacks"))
            if self._is_object(f"stacks[{index}]", item, _STACK_KEYS)
        ]
        self._each_once("stacks", [stack.name for stack in stacks])
        # Else a job that waits for nobody could deploy what somebody has to approve.
        self._each_once("stacks", [one for stack in stacks for one in stack.environments])
        for stack, other in itertools.permutations(stacks, 2):
            if stack.previews and any(_overlap(stack.previews, pattern) for pattern in other.patterns):
                self._refuse("stacks", stack.previews, f"a pattern that no stack of {other.name} has")
        return tuple(stacks)

    def _stack(self, where: str, entry: dict[str, object], project: str) -> StackSettings:
        name = self._is(f"{where}.name", entry.get("name"), _STACK, "1 to 40 letters, digits and . _ -")
        if len(f"{project}-deploy-{name}") > _LONGEST_ROLE_NAME:
            self._refuse(f"{where}.name", name, "shorter: its role's name would exceed 64 characters")
        environments = self._each_is(
            f"{where}.environments",
            entry.get("environments", [name]),
            _ENVIRONMENT,
            "GitHub environments, no patterns",
            required=True,
        )
        previews, branch = entry.get("previews"), entry.get("branch")
        if previews is None:
            branch = self._is(f"{where}.branch", entry.get("branch", "main"), _BRANCH, "a branch, no pattern")
        else:
            previews = self._is(f"{where}.previews", previews, _PATTERN, "a name that may end with *: pr-*")
            if branch is not None:
                self._refuse(f"{where}.branch", branch, "none, for previews come from any branch")
                branch = None
        return StackSettings(
            name=name,
            environments=environments,
            branch=branch,
            previews=previews,
            domains=self._each_is(
                f"{where}.domains", entry.get("domains", []), _DOMAIN, "names such as dev.example.com"
            ),
            task_role_statements=self._task_role_statements(
                f"{where}.task-role-statements", entry.get("task-role-statements", [])
            ),
        )

    def _task_role_statements(self, key: str, value: object) -> tuple[TaskRoleStatement, ...]:
        if not isinstance(value, list):
            self._refuse(key, value, "a list of objects with actions and resources")
            return ()
        statements: list[TaskRoleStatement] = []
        for index, item in enumerate(cast("list[object]", value)):
            where = f"{key}[{index}]"
            if self._is_object(where, item, ("actions", "resources")):
                entry = cast("dict[str, object]", item)
                actions = self._each_is(
                    f"{where}.actions",
                    entry.get("actions"),
                    _ACTION,
                    f"actions such as s3:GetObject, none of {', '.join(NEVER)}",
                    required=True,
                )
                resources = self._each_is(
                    f"{where}.resources", entry.get("resources"), _RESOURCE, "ARNs, or *", required=True
                )
                statements.append(TaskRoleStatement(actions=actions, resources=resources))
        return tuple(statements)

    def _is_object(self, where: str, value: object, keys: Sequence[str]) -> bool:
        if not isinstance(value, dict):
            self._refuse(where, value, f"an object with {', '.join(keys)}")
            return False
        entry = cast("dict[str, object]", value)
        for stranger in sorted(entry.keys() - set(keys)):
            self._refuse(f"{where}.{stranger}", entry[stranger], f"one of {', '.join(keys)}")
        return True

    def _each_is(
        self, key: str, value: object, pattern: re.Pattern[str], allowed: str, *, required: bool = False
    ) -> tuple[str, ...]:
        if isinstance(value, list) and (value or not required):
            return tuple(self._is(key, one, pattern, allowed) for one in cast("list[object]", value))
        self._refuse(key, value, f"a list: {allowed}")
        return ()

    def _each_once(self, key: str, names: list[str]) -> None:
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._refuse(key, name, "each stack and each environment once")

    def _value(self, key: str) -> object:
        text = self._config.get(key)
        return self._defaults[key] if text is None else text

    def _text(self, key: str, pattern: re.Pattern[str], allowed: str) -> str:
        return self._is(key, self._value(key), pattern, allowed)

    def _optional(self, key: str, pattern: re.Pattern[str], allowed: str) -> str | None:
        value = self._value(key)
        return self._is(key, value, pattern, allowed) if value != "" else None

    def _is(self, key: str, value: object, pattern: re.Pattern[str], allowed: str) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._refuse(key, value, allowed)
        return "unknown"

    def _whole(self, key: str, minimum: int) -> int:
        value = self._parsed(key)
        if type(value) is int and value >= minimum:
            return value
        self._refuse(key, value, f"a whole number, {minimum} or more")
        return minimum

    def _items(self, key: str) -> list[object]:
        value = self._parsed(key)
        if isinstance(value, list):
            return cast("list[object]", value)
        self._refuse(key, value, "a list")
        return []

    def _texts(self, key: str, pattern: re.Pattern[str], allowed: str) -> tuple[str, ...]:
        return tuple(
            self._is(f"{key}[{index}]", item, pattern, allowed) for index, item in enumerate(self._items(key))
        )

    def _parsed(self, key: str) -> object:
        value = self._value(key)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value

    def _refuse(self, key: str, value: object, allowed: str) -> None:
        shown = "is missing" if value is None else f"= {json.dumps(value, ensure_ascii=False, default=str)}"
        self._faults.append(f"  - {key} {shown}: {allowed}")

    def _raise(self) -> None:
        if self._faults:
            lines = "\n".join(self._faults)
            raise pulumi.RunError(
                f"The configuration of the account cannot be right; nothing was changed.\n{lines}\n"
                "Use `pulumi config set`; bootstrap/Pulumi.yaml describes every key."
            )


def _overlap(pattern: str, other: str) -> bool:
    """Return whether two names, of which each may end with `*`, can mean the same stack."""
    return fnmatchcase(pattern, other) or fnmatchcase(other, pattern)
