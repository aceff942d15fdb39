"""The variables and secrets of a service of a Compose file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from automation.convert.compose_file import value_text, variables_in
from automation.convert.report import Report
from automation.convert.source import flag_of, items, mapping, text_of
from automation.convert.variables import (
    INVALID_NAME,
    hosts_in,
    is_variable_name,
    put_parameter,
    split_variables,
)
from automation.errors import AutomationError

if TYPE_CHECKING:
    from automation.convert.compose_service import ComposeService, Composition

_RUN_SECRETS: Final = "/run/secrets/"
_FILE_SUFFIX: Final = "_FILE"


def set_variables(service: ComposeService, composition: Composition) -> None:
    """Set a service's variables and secrets."""
    keys, report, parameter = service.keys, service.report, composition.parameter
    plain: dict[str, str] = {}
    from_shell: list[str] = []
    for name, value in service.mapping("environment").items():
        text = value_text(value)
        if text is not None:
            plain[name] = text
        elif is_variable_name(name):
            from_shell.append(name)
        else:
            report.missing(f"environment.{name}", INVALID_NAME)
    files, in_files = _files(service, composition)
    service.variables = {**in_files, **plain}
    port = service.variables.get("PORT", "")
    if "container-port" not in keys and port.isdecimal():
        keys["container-port"] = int(port)
    secrets = _secret_files(service, plain, parameter)
    if files and _is_plain(service, in_files, composition):
        keys["environment-files"] = files
    else:
        if files:
            report.differs(
                "env_file",
                f"{', '.join(files)} has secrets, or names servers outside this stack: its variables are"
                " listed in `environment` and `secrets`",
            )
        plain = {**in_files, **plain}
    for name in (name for name in from_shell if name not in plain and name not in secrets):
        secrets[name] = f"{parameter}{name}"
        report.todo(
            f"environment.{name}",
            "comes from the shell: set its value in `environment`, or keep it secret."
            f" {put_parameter(secrets[name])}",
        )
    secrets |= _take_omitted(service, plain, composition)
    plain, secret = split_variables(
        plain, report, field="environment", parameter=parameter, port=keys.get("container-port")
    )
    secrets |= secret
    if plain:
        keys["environment"] = {name: value for name, value in plain.items() if name not in secrets}
    if secrets:
        keys["secrets"] = secrets


def _files(service: ComposeService, composition: Composition) -> tuple[list[str], dict[str, str]]:
    """Return the existing files of variables, and the variables in them."""
    value = service.get("env_file")
    files: list[str] = []
    variables: dict[str, str] = {}
    for item in items(value) or ([value] if value else []):
        path = text_of(item) or text_of(mapping(item).get("path")) or ""
        file = composition.paths.file(path)
        try:
            if file.is_file():
                variables |= variables_in(file)
                files.append(composition.paths.in_project(path))
            elif flag_of(mapping(item).get("required")) is not False:
                service.report.todo(
                    "env_file", f"{path} does not exist: list its variables in `environment` and `secrets`"
                )
        except AutomationError as error:
            service.report.todo("env_file", str(error))
    return files, variables


def _is_plain(service: ComposeService, variables: dict[str, str], composition: Composition) -> bool:
    """Whether a stack file can name a file of variables: it has no secrets and no hosts outside the stack."""
    port = service.keys.get("container-port")
    plain, secret = split_variables(variables, Report(), field="", parameter="", port=port)
    names_omitted = any(_omitted_server(name, value, composition) for name, value in variables.items())
    return not secret and not names_omitted and len(plain) >= len(variables) - 1


def _take_omitted(service: ComposeService, plain: dict[str, str], composition: Composition) -> dict[str, str]:
    """Remove variables that name servers outside the stack, and return secrets in their place."""
    secrets: dict[str, str] = {}
    for name, value in [*plain.items()]:
        if server := _omitted_server(name, value, composition):
            del plain[name]
            secrets[name] = f"{composition.parameter}{name}"
            service.report.todo(
                f"environment.{name}",
                f"names {server}, which is not in this stack: set it to the new server."
                f" {put_parameter(secrets[name])}",
            )
    return secrets


def _omitted_server(name: str, value: str, composition: Composition) -> str | None:
    """Return the server that a variable names, if it is not converted."""
    hosts = sorted(hosts_in(name, value))
    return next((composition.omitted[host] for host in hosts if host in composition.omitted), None)


def _secret_files(service: ComposeService, plain: dict[str, str], parameter: str) -> dict[str, str]:
    """Return secrets that Compose mounts as files, as variables; remove variables that name the files."""
    secrets: dict[str, str] = {}
    for item in service.items("secrets"):
        name = text_of(item) or text_of(mapping(item).get("source")) or ""
        target = (text_of(mapping(item).get("target")) or name).removeprefix(_RUN_SECRETS)
        file = f"{_RUN_SECRETS}{target}"
        pointing = [key for key, value in plain.items() if value == file]
        variable = pointing[0].removesuffix(_FILE_SUFFIX) if pointing else re.sub(r"\W", "_", name).upper()
        secrets[variable] = f"{parameter}{variable}"
        service.report.todo(
            f"secrets.{name}",
            f"is the variable {variable} here instead of the file {file}: let the app read it."
            f" {put_parameter(secrets[variable])}",
        )
        for key in pointing:
            del plain[key]
    return secrets
