"""Reads the configuration of a stack; no other module of the program does."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Final, cast, get_args

import pulumi
from pulumi.runtime import get_config, get_config_env, get_config_secret_keys_env, is_config_secret
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from infra.settings.attach import KEYS_OF_THE_BASE
from infra.settings.faults import Fault, SettingsError, nearest, unknown_key
from infra.settings.model import Model, Pattern, Stack, to_text
from infra.settings.schema import faults_in
from infra.settings.settings import PARTS, Settings

_REGION: Final = "aws:region"
_OWN_CREDENTIALS: Final = "use `profile`, or the environment's own credentials"
# Keys of Pulumi's default provider, which the program does not use: they would have no effect.
_INSTEAD_OF: Final = {
    "aws:profile": "use `profile`",
    "aws:assumeRole": "use `assume-role-arn`",
    "aws:assumeRoles": "use `assume-role-arn`",
    "aws:defaultTags": "use `tags`",
    "aws:accessKey": _OWN_CREDENTIALS,
    "aws:secretKey": _OWN_CREDENTIALS,
    "aws:token": _OWN_CREDENTIALS,
}
_ENCRYPTED: Final = (
    "a value that is not encrypted, for it would stand in plain text in the state and on AWS; put an app's "
    "secret into Secrets Manager or SSM, and its ARN into `secrets`"
)
_STACK_NAME: Final = Pattern(
    "letters, digits, - and _, at most 100 of them: it is a part of the task definitions' family, which "
    "allows no others",
    r"[A-Za-z0-9_-]{1,100}",
)


@dataclass(frozen=True)
class Key:
    """A key of the stack file."""

    part: str | None
    """Alias of the part of the settings that has it; None for the settings themselves."""
    model: type[Model]
    name: str
    """Its field in that model."""

    @property
    def field(self) -> FieldInfo:
        """The field itself."""
        return self.model.model_fields[self.name]

    @property
    def default(self) -> object:
        """Its default, as a stack file would have it."""
        default = self.field.get_default(call_default_factory=True, validated_data={})
        if default is None or self.field.is_required():
            return "" if self.is_text else 0 if self._is(int) else {}
        return TypeAdapter[Any](Any).dump_python(default, mode="json", by_alias=True)

    @property
    def is_text(self) -> bool:
        """Whether its values are text."""
        return self._is(str)

    def read(self, value: object) -> object:
        """Return a value with JSON's types: the CLI passes every value as text."""
        if self.is_text:
            may_be_none = NoneType in get_args(self.field.annotation)
            return None if value == "" and may_be_none else to_text(value)
        try:
            return _with_tuples(json.loads(value) if isinstance(value, str) else value)
        except (ValueError, RecursionError):
            return value if isinstance(value, str) else "…"

    def _is(self, kind: type) -> bool:
        return kind in _types(self.field.annotation)


@cache
def keys() -> Mapping[str, Key]:
    """Return every key by its name, without the project's prefix."""
    result: dict[str, Key] = {}
    for name, field in Settings.model_fields.items():
        alias = str(field.alias)
        if model := PARTS.get(alias):
            inner = {str(own.alias): key for key, own in model.model_fields.items() if not own.exclude}
            result |= {key: Key(alias, model, own) for key, own in inner.items()}
        elif name != "stack":
            result[alias] = Key(None, Settings, name)
    return result


def load() -> Settings:
    """Read the configuration of the stack that is being deployed.

    Raises:
        SettingsError: lists everything that is wrong with it.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    # Without the CLI's environment variables a misspelt key is visible only in the stack's file.
    in_file = _config_in_file(stack)
    names = {*get_config_env(), *in_file, _REGION, *(f"{project}:{key}" for key in keys())}
    raw = {name: value for name in sorted(names) if (value := get_config(name)) is not None}
    raw |= {key: in_file[key] for key in keys() if {key, f"{project}:{key}"} <= in_file.keys()}
    for other in foreign_namespaces(raw, project):
        pulumi.log.warn(f"Keys that begin with {other}: are not read; those of this program begin {project}:")
    secret_keys = {*get_config_secret_keys_env(), *filter(is_config_secret, raw)}
    return parse(raw, project=project, stack=stack, secret_keys=secret_keys)


def parse(
    raw: Mapping[str, object], *, project: str, stack: str, secret_keys: Collection[str] = ()
) -> Settings:
    """Turn a stack's configuration into settings.

    Args:
        raw: values by key with the namespace, such as `aws:region`; as text, as the CLI passes them, or with
            YAML's types. A missing key has the default of its field.
        project: the namespace of the program's keys.
        stack: the stack's name.
        secret_keys: the keys with the namespace whose values are encrypted, wholly or in part.

    Raises:
        SettingsError: lists every fault.
    """
    prefix = f"{project}:"
    config = {key.removeprefix(prefix): raw[key] for key in raw if key.startswith((prefix, "aws:"))}
    secret = frozenset(key.removeprefix(prefix) for key in secret_keys)
    values: dict[str, Any] = {"stack": stack, **{part: {} for part in PARTS}}
    for name, key in keys().items():
        if name in config:
            (values if key.part is None else values[key.part])[name] = key.read(config[name])
    context = Stack(project, stack)
    faults = [*_faults_of_keys(config, secret), *_faults_between_stacks(values, context)]
    for name in (name for name in raw if ":" not in name and name in config):
        once = f"once: Pulumi reads `{name}` as {prefix}{name}, which the file has too"
        faults.append(Fault((name,), once, raw[name]))
    if not _STACK_NAME.matches(stack):
        faults.append(Fault(("the stack's name",), _STACK_NAME.description, stack))
    if not values["attach"].get("attach-to"):
        values["attach"] = None
    try:
        settings = Settings.model_validate(values, context=context, by_alias=True, by_name=False)
    except ValidationError as error:
        for fault in faults_in(error, Settings):
            is_inner = fault.path[0] in PARTS and len(fault.path) > 1
            faults.append(replace(fault, path=fault.path[1:]) if is_inner else fault)
        raise SettingsError(stack, faults, secret_keys=secret) from None
    if faults:
        raise SettingsError(stack, faults, secret_keys=secret)
    return settings


def foreign_namespaces(names: Iterable[str], project: str) -> list[str]:
    """Return namespaces that look like the project's and are others, such as `node_on_ecs`."""
    others = {name.partition(":")[0] for name in names if ":" in name} - {project}
    return sorted(other for other in others if nearest(other.lower().replace("_", "-"), [project]))


def _faults_of_keys(config: Mapping[str, object], secret: Collection[str]) -> Iterator[Fault]:
    for name, value in config.items():
        if name in keys():
            if name in secret:
                yield Fault((name,), _ENCRYPTED, value)
        elif name.startswith("aws:"):
            instead = _INSTEAD_OF.get(name, "remove it")
            yield Fault((name,), f"of Pulumi's own AWS keys only {_REGION} is used here; {instead}", value)
        else:
            # The CLI accepts misspelt keys.
            yield unknown_key((name,), value, keys())


def _faults_between_stacks(values: Mapping[str, Any], stack: Stack) -> Iterator[Fault]:
    for part, key in (("image", "image-from"), ("attach", "attach-to")):
        if stack.is_named(str(values[part].get(key))):
            yield Fault((key,), "another stack than this one", values[part][key])
    base = values["attach"].get("attach-to")
    if not base:
        alone = "only valid together with `attach-to`; remove it"
        yield from (Fault((key,), alone, value) for key, value in values["attach"].items() if value)
        return
    for name in KEYS_OF_THE_BASE:
        key = keys()[name]
        value = (values if key.part is None else values[key.part]).get(name)
        # The CLI passes defaults as if the stack file had them.
        if value is not None and value != _with_tuples(key.default):
            yield Fault((name,), f"nothing, for `attach-to` is set: {base} decides it", value)


def _types(annotation: Any) -> Iterator[Any]:
    """Yield str and int if a value may be one, whatever else its annotation has."""
    inner = get_args(annotation)
    if annotation in (str, int):
        yield annotation
    elif getattr(annotation, "__metadata__", None):
        yield from _types(inner[0])
    elif NoneType in inner:
        for alternative in inner:
            yield from _types(alternative)


def _with_tuples(value: object) -> object:
    """Return lists as tuples, and names of objects as text: YAML reads some as numbers or flags."""
    if isinstance(value, dict):
        return {str(name): _with_tuples(item) for name, item in cast("dict[object, object]", value).items()}
    return tuple(map(_with_tuples, cast("list[object]", value))) if isinstance(value, list) else value


def _config_in_file(stack: str) -> Mapping[str, object]:
    # The CLI has read the file already, or it is somewhere else.
    import yaml

    try:
        document: Any = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        return {str(name): value for name, value in document["config"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return {}
