"""The stack's state: Pulumi's checkpoint, in the place where the CLI's file backend keeps it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from local.engine import wire
from local.engine.errors import EngineError
from local.engine.secrets import Crypter, crypter_for, encrypt_json, new_crypter
from local.resources.base import Properties

VERSION: Final = 3
VERSION_WITH_FEATURES: Final = 4
_KNOWN_FEATURES: Final = frozenset({"hooks", "replaceWith"})
STACK_TYPE: Final = "pulumi:pulumi:Stack"
_SALT: Final = re.compile(r'"salt":\s*"(v1:[^"]+)"')


class BrokenStateError(EngineError):
    """The state file cannot be used."""


@dataclass
class ResourceState:
    """One resource as the checkpoint knows it; the field names are Pulumi's, in snake case."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict[str, Any])
    outputs: Properties = field(default_factory=dict[str, Any])
    parent: str = ""
    provider: str = ""
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    """It was deleted to make room for its successor, which is not there yet."""
    init_errors: list[str] = field(default_factory=list[str])
    """Why it could not be read when it was made: the next run looks again."""
    dependencies: list[str] = field(default_factory=list[str])
    property_dependencies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    additional_secret_outputs: list[str] = field(default_factory=list[str])
    aliases: list[str] = field(default_factory=list[str])
    custom_timeouts: Properties = field(default_factory=dict[str, Any])
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list[str])
    ignore_changes: list[str] = field(default_factory=list[str])
    replace_on_changes: list[str] = field(default_factory=list[str])
    resource_hooks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    created: str = ""
    modified: str = ""
    rest: Properties = field(default_factory=dict[str, Any])
    """What the CLI wrote and this engine has no use for; it goes back as it came."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[1]

    @property
    def needs(self) -> set[str]:
        """URNs that must exist as long as this resource does."""
        urns = set(self.dependencies).union(*self.property_dependencies.values())
        if self.parent:
            urns.add(self.parent)
        if self.provider:
            urns.add(self.provider.rsplit("::", 1)[0])
        if self.deleted_with:
            urns.add(self.deleted_with)
        return urns


_SPELLING: Final = {
    "pending_replacement": "pendingReplacement",
    "init_errors": "initErrors",
    "property_dependencies": "propertyDependencies",
    "additional_secret_outputs": "additionalSecretOutputs",
    "custom_timeouts": "customTimeouts",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "replace_with": "replaceWith",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "resource_hooks": "resourceHooks",
}
_FIELDS: Final = tuple(f.name for f in fields(ResourceState) if f.name != "rest")
_ALWAYS_WRITTEN: Final = frozenset({"urn", "type", "custom"})


@dataclass(frozen=True)
class Pending:
    """An operation that was under way when the state was written."""

    kind: Literal["creating", "updating", "deleting", "reading"]
    resource: ResourceState


@dataclass
class Checkpoint:
    """The state of one stack in memory."""

    project: str
    stack: str
    crypter: Crypter
    resources: list[ResourceState] = field(default_factory=list[ResourceState])
    pending: list[Pending] = field(default_factory=list[Pending])
    metadata: Properties = field(default_factory=dict[str, Any])

    def outputs(self) -> Properties:
        """The stack's outputs."""
        return next((r.outputs for r in self.resources if r.type == STACK_TYPE), dict[str, Any]())


def now() -> str:
    """The time as the checkpoint spells it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def empty(project: str, stack: str, passphrase: str) -> Checkpoint:
    """A stack that holds nothing yet."""
    return Checkpoint(project, stack, new_crypter(passphrase))


def path_of(backend: Path, project: str, stack: str) -> Path:
    """Where the CLI's file backend keeps this stack."""
    return backend / ".pulumi" / "stacks" / project / f"{stack}.json"


def stacks(backend: Path, project: str) -> list[str]:
    """Names of the stacks that have a state."""
    return sorted(path.stem for path in (backend / ".pulumi" / "stacks" / project).glob("*.json"))


def warm_up(path: Path, passphrase: str) -> None:
    """Begin in the background with what opens the secrets of a state; see `Crypter.warm_up`."""
    try:
        found = _SALT.search(path.read_text())
        if found is not None:
            crypter_for(passphrase, found[1]).warm_up()
    except (OSError, ValueError, EngineError):
        # Whoever loads the state tells what is wrong with it.
        return


def load(path: Path, project: str, stack: str, passphrase: str) -> Checkpoint:
    """Read the state of a stack; a stack without a file is empty.

    Raises:
        BrokenStateError: the file is cut off, is no checkpoint, or uses what this engine does not know.
        WrongPassphraseError: its secrets were made with another passphrase.
    """
    if not path.exists():
        return empty(project, stack, passphrase)
    try:
        return _parsed(path, project, stack, passphrase)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        copy = _copy_of(path)
        way_out = f"put the last good copy in its place (`cp {copy} {path}`), or " if copy.exists() else ""
        raise BrokenStateError(
            f"state file {path} is cut off or spoilt ({error}): {way_out}let `make down` take everything "
            f"away",
        ) from error


def _parsed(path: Path, project: str, stack: str, passphrase: str) -> Checkpoint:
    document: dict[str, Any] = json.loads(path.read_text())
    version: Any = document["version"]
    latest: dict[str, Any] = document["checkpoint"].get("latest") or {}
    if version not in (VERSION, VERSION_WITH_FEATURES):
        raise BrokenStateError(
            f"state file {path} has version {version!r}: this engine reads 3 and 4",
        )
    needed: list[str] = document.get("features") or []
    strangers = set(needed) - _KNOWN_FEATURES
    if strangers:
        raise BrokenStateError(
            f"state file {path} needs {', '.join(sorted(strangers))}: use the Pulumi CLI for it"
        )
    provider: dict[str, Any] = latest.get("secrets_providers") or {}
    if provider.get("type", "passphrase") != "passphrase":
        raise BrokenStateError(
            f"state file {path} has secrets of {provider['type']!r}: only passphrase can be read"
        )
    secrets_state: dict[str, Any] = provider.get("state") or {}
    line: str | None = secrets_state.get("salt")
    crypter = crypter_for(passphrase, line) if line else new_crypter(passphrase)
    return Checkpoint(
        project,
        stack,
        crypter,
        [_from_json(item, crypter) for item in latest.get("resources") or ()],
        [
            Pending(item["type"], _from_json(item["resource"], crypter))
            for item in latest.get("pending_operations") or ()
        ],
        latest.get("metadata") or {},
    )


def _from_json(item: Mapping[str, Any], crypter: Crypter) -> ResourceState:
    def open_secret(wrapped: Any) -> Any:
        return wire.secret(json.loads(crypter.decrypt(wrapped["ciphertext"])))

    values: dict[str, Any] = {}
    for name in _FIELDS:
        spelled = _SPELLING.get(name, name)
        if item.get(spelled) is not None:
            values[name] = item[spelled]
    for name in ("inputs", "outputs"):
        if name in values:
            values[name] = wire.map_secrets(values[name], open_secret)
    known = {_SPELLING.get(name, name) for name in _FIELDS}
    return ResourceState(**values, rest={key: value for key, value in item.items() if key not in known})


def _to_json(resource: ResourceState, crypter: Crypter) -> Properties:
    def seal(wrapped: Any) -> Any:
        return {
            wire.SIGNATURE: wire.SECRET,
            "ciphertext": encrypt_json(crypter, wire.reveal(wrapped["value"])),
        }

    item: Properties = {}
    for name in _FIELDS:
        value = getattr(resource, name)
        if name in ("inputs", "outputs"):
            value = wire.map_secrets(value, seal)
        if value or name in _ALWAYS_WRITTEN:
            item[_SPELLING.get(name, name)] = value
    return item | resource.rest


class Encoded:
    """Encodes resources once: an unchanged one costs nothing when the state is written again."""

    def __init__(self, crypter: Crypter) -> None:
        self._crypter = crypter
        self._texts: dict[int, tuple[ResourceState, str]] = {}

    def text(self, resource: ResourceState) -> str:
        """The JSON text of a resource, which must not change after it was first written."""
        known = self._texts.get(id(resource))
        if known is None or known[0] is not resource:
            known = (resource, json.dumps(_to_json(resource, self._crypter)))
            self._texts[id(resource)] = known
        return known[1]


def encode(checkpoint: Checkpoint, encoded: Encoded | None = None) -> str:
    """The checkpoint's file text."""
    encoded = encoded or Encoded(checkpoint.crypter)
    resources = checkpoint.resources
    features = sorted(
        feature
        for feature, used in (
            ("hooks", any(r.resource_hooks for r in resources)),
            ("replaceWith", any(r.replace_with for r in resources)),
        )
        if used
    )
    deployment = {
        "manifest": {"time": now(), "magic": "", "version": ""},
        "secrets_providers": {"type": "passphrase", "state": {"salt": checkpoint.crypter.salt_line}},
        "metadata": checkpoint.metadata,
    }
    # The resources' texts are joined as they are; json.dumps would encode each of them again.
    body = json.dumps(deployment)[:-1]
    body += ', "resources": [' + ",\n".join(map(encoded.text, resources)) + "]"
    if checkpoint.pending:
        operations = (
            f'{{"resource": {encoded.text(pending.resource)}, "type": {json.dumps(pending.kind)}}}'
            for pending in checkpoint.pending
        )
        body += ', "pending_operations": [' + ",\n".join(operations) + "]"
    body += "}"
    head: dict[str, Any] = {"version": VERSION_WITH_FEATURES if features else VERSION}
    if features:
        head["features"] = features
    stack = json.dumps(f"organization/{checkpoint.project}/{checkpoint.stack}")
    return f'{json.dumps(head)[:-1]}, "checkpoint": {{"stack": {stack}, "latest": {body}}}}}\n'


def write(path: Path, text: str) -> None:
    """Put the state in its place at once, so that a run that is killed never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = path.parents[2] / "meta.yaml"
    if not meta.exists():
        meta.write_text("version: 1\n")
    temporary = path.with_suffix(".json.tmp")
    temporary.write_text(text)
    if path.exists():
        copy = _copy_of(path)
        copy.unlink(missing_ok=True)
        os.link(path, copy)
    temporary.replace(path)


def keep_copy(path: Path) -> None:
    """Copy the state as a run has left it, for the day when somebody or something spoils the file.

    `write` alone leaves what was before its last operation: whoever went back to that would make or delete
    something a second time.
    """
    temporary = path.with_suffix(".json.tmp")
    # The state itself is in its place: that there is no room for a copy is no reason to fail.
    with suppress(OSError):
        shutil.copyfile(path, temporary)
        temporary.replace(_copy_of(path))


def _copy_of(path: Path) -> Path:
    return path.with_suffix(".json.bak")


def dependents(resources: Iterable[ResourceState], urn: str) -> list[ResourceState]:
    """Resources that need `urn`, directly or through others, those first that nothing else needs."""
    found: list[ResourceState] = []
    wanted = {urn}
    for resource in resources:
        if resource.urn not in wanted and resource.needs & wanted:
            wanted.add(resource.urn)
            found.append(resource)
    return found[::-1]
