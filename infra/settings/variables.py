"""Environment variables of a container, files of them, and secrets."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from infra.settings.faults import Fault, FaultsError
from infra.settings.model import ONCE, Pattern, VariableName, Variables, checked

CREDENTIALS: Final = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"),
)
"""Names that no container's environment may have: Security Hub's control ECS.8."""
SET_BY_TASK_DEFINITION: Final = frozenset(
    {"PORT", "ENVIRONMENT", "SERVICE_NAME", "IMAGE_VERSION", "IDLE_TIMEOUT_SECONDS", "STOP_TIMEOUT_SECONDS"},
)
_ARN: Final = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}"
_FULL_ARN: Final = (
    "the full ARN of a Secrets Manager secret, which ends in a hyphen and six characters "
    "(arn:aws:secretsmanager:…:secret:db-AbCdEf; `aws secretsmanager describe-secret` shows it)"
)
SecretArn = Annotated[str, Pattern(f"{_FULL_ARN}; no `*`, and never the secret itself", _ARN)]
_SecretOrParameter = Annotated[
    str,
    Pattern(
        f"{_FULL_ARN}, or of an SSM parameter (arn:aws:ssm:…:parameter/…), or a parameter's name "
        "(/app/db-url, or ssm:db-url without a slash), or a secret's (secret:db, secret:db:password for a "
        "key of its JSON); no `*`, and never the secret itself",
        rf"{_ARN}(?::[^\s:]*:[^\s:]*:[^\s:]*)?"
        r"|arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[\w./-]+(?::[\w.-]+)?"
        r"|/[\w./-]*[\w.-](?::[\w.-]+)?"
        r"|ssm:[\w.-]+(?::[\w.-]+)?"
        r"|secret:[\w/+=.@-]+(?::[^\s:*]*){0,3}",
    ),
]
KmsKey = Annotated[
    str,
    Pattern(
        "the ARN of a KMS key (arn:aws:kms:…:key/…), not of an alias, which IAM does not follow",
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
    ),
]
_EnvironmentFile = Annotated[
    str,
    Pattern(
        "a file, from the project's root, or the ARN of one in S3 that ends in .env "
        "(arn:aws:s3:::bucket/a.env)",
        r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}/\S+\.env|(?!arn:)[^/][\s\S]*",
    ),
]

# By the end of a name: TOKEN_TTL_SECONDS is not a token.
_LOOKS_SECRET: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?|CONNECTION_STRING"
    r"|(?:API|ACCESS|SECRET|PRIVATE|ENCRYPTION|SIGNING|AUTH|MASTER)_?KEY)(?:_?\d+)?$",
    re.IGNORECASE,
)
# Build tools put these into the files that every browser gets.
_FOR_BROWSERS: Final = re.compile(r"(?:NEXT_PUBLIC|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC|VITE|REACT_APP|GATSBY)_")
_CONTAINS_A_PASSWORD: Final = re.compile(r"[a-z0-9+.-]://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
_HARMLESS: Final = frozenset({"", "true", "false"})


def _set_by_program(variables: dict[str, str]) -> Iterator[Fault]:
    for name in (name for name in variables if name in SET_BY_TASK_DEFINITION):
        yield Fault((name,), "another name; the task definition sets this one itself", variables[name])


def _credentials(variables: dict[str, str]) -> Iterator[Fault]:
    for name in (name for name in variables if name in CREDENTIALS):
        own = "no credentials, the app gets its own from the task role: see `task-role-statements`"
        yield Fault((name,), own, variables[name])


ContainerEnvironment = Annotated[Variables, checked(_credentials)]
AppEnvironment = Annotated[ContainerEnvironment, checked(_set_by_program)]
ContainerSecrets = dict[VariableName, _SecretOrParameter]
AppSecrets = Annotated[ContainerSecrets, checked(_set_by_program)]
EnvironmentFiles = Annotated[tuple[_EnvironmentFile, ...], ONCE]
PublicVariables = Annotated[tuple[VariableName, ...], ONCE]


def is_in_s3(file: str) -> bool:
    """Whether ECS itself reads a file of variables."""
    return file.startswith("arn:")


def variables_of(files: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Return a container's variables: those of local files, later ones over earlier, then its own.

    Raises:
        FaultsError: a file cannot be read.
    """
    variables: dict[str, str] = {}
    for index, file in enumerate(files):
        if not is_in_s3(file):
            variables |= _read(file, index)
    return {**variables, **environment}


def size_of_variables(variables: Mapping[str, str], secrets: Mapping[str, str]) -> int:
    """Return how many bytes of a task definition a container's variables and secrets need."""
    listed = [{"name": name, "value": value} for name, value in variables.items()]
    references = [{"name": name, "valueFrom": reference} for name, reference in secrets.items()]
    return len(json.dumps([listed, references], separators=(",", ":")).encode())


def faults_of_variables(
    environment: Mapping[str, str],
    files: tuple[str, ...],
    secrets: Mapping[str, str],
    public: tuple[str, ...],
    fixed: Mapping[str, str] | None = None,
) -> Iterator[Fault]:
    """Yield the faults between a container's variables, its environment files and its secrets.

    Args:
        environment: its variables.
        files: files of more.
        secrets: variables that ECS reads from elsewhere.
        public: names that look like secrets and are not.
        fixed: variables that the program sets and a file may set to the same value.
    """
    fixed = fixed or {}
    try:
        variables = variables_of(files, environment)
    except FaultsError as error:
        yield from error.faults
        return
    for name, value in variables.items():
        # The value of a variable in a file may be a secret.
        path, shown = (
            (("environment", name), value) if name in environment else (("environment-files",), name)
        )
        if name in secrets:
            yield Fault(path, "another name, or none in `secrets`, which sets it too", shown)
        elif name not in environment and name in {*SET_BY_TASK_DEFINITION, *CREDENTIALS}:
            if fixed.get(name) != value:
                without = f"files without {name}, which the program or the task role sets"
                equal = f", or with {name}={fixed[name]}" if name in fixed else ""
                yield Fault(path, f"{without}{equal}", shown)
        elif name not in public and looks_secret(name, value):
            public_value = (
                "a value that everybody may see: it stands in plain text in the state, the task definition "
                "and the console. Put it into SSM (`aws ssm put-parameter --type SecureString --name /app/"
                f"{name} …`) or Secrets Manager, and `{name}: /app/{name}` into `secrets`; if {name} is not "
                "a secret, list it in `public-variables`"
            )
            yield Fault(path, public_value, shown)
    for index, name in enumerate(public):
        if name not in variables:
            yield Fault(("public-variables", index), "the name of a variable in `environment`", name)


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable's name is that of a secret, or its value contains a password."""
    if _FOR_BROWSERS.match(name) or value.lower() in _HARMLESS:
        return False
    return bool(_LOOKS_SECRET.search(name) or _CONTAINS_A_PASSWORD.search(value))


def _read(file: str, index: int) -> dict[str, str]:
    # Imported here because few stacks have such files.
    from dotenv import dotenv_values

    path = ("environment-files", index)
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise FaultsError(Fault(path, f"a file that can be read ({reason})", file)) from None
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value or "" for name, value in values.items()}
