"""Resource hooks and transforms: functions of the program that the engine calls back over gRPC."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from local.engine import wire
from local.engine.errors import EngineError, StepFailedError, UnsupportedError
from local.resources.base import Properties

_LAST_WORDS_SECONDS: Final = 2


@dataclass(frozen=True)
class HookCall:
    """What a hook gets to see."""

    urn: str
    id: str
    name: str
    type: str
    new_inputs: Properties | None = None
    old_inputs: Properties | None = None
    new_outputs: Properties | None = None
    old_outputs: Properties | None = None


class Callbacks:
    """The program's own functions, by the address that it serves them at."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.Channel] = {}
        self._hooks: dict[str, Any] = {}
        self._stack_transforms: list[Any] = []
        self._transforms: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._transforming = 0
        self._stopped = False
        self._calm = threading.Condition(self._lock)

    def _invoke(self, callback: Any, request: Any) -> bytes:
        with self._lock:
            if callback.target not in self._channels:
                self._channels[callback.target] = grpc.insecure_channel(
                    callback.target,
                    options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
                )
            stub: Any = callback_pb2_grpc.CallbacksStub(self._channels[callback.target])
        message = callback_pb2.CallbackInvokeRequest(
            token=callback.token, request=request.SerializeToString()
        )
        return bytes(stub.Invoke(message).response)

    def stop(self) -> None:
        """Begin no transform any more, and let those that are under way end.

        A failed registration ends the program, and its server with it; one that ends under a call which has
        just arrived writes gRPC's own traceback over the reason.
        """
        with self._calm:
            self._stopped = True
            self._calm.wait_for(lambda: not self._transforming, _LAST_WORDS_SECONDS)

    @contextmanager
    def _a_transform(self) -> Generator[None]:
        with self._lock:
            if self._stopped:
                raise StepFailedError("the run has failed: nothing more is begun")
            self._transforming += 1
        try:
            yield
        finally:
            with self._calm:
                self._transforming -= 1
                self._calm.notify_all()

    def close(self) -> None:
        """Let go of the channels."""
        for channel in self._channels.values():
            channel.close()

    def add_hook(self, request: Any) -> None:
        """Keep a hook by its name."""
        if request.name in self._hooks:
            raise EngineError(
                f"resource hook {request.name!r} is registered twice: give each hook a name of its own"
            )
        self._hooks[request.name] = request

    def run_hooks(self, names: list[str], call: HookCall, *, dry_run: bool) -> None:
        """Run hooks one after another.

        Raises:
            EngineError: one of them failed, or does not exist.
        """
        for name in names:
            hook = self._hooks.get(name)
            if hook is None:
                raise EngineError(
                    f"{call.urn}: resource hook {name!r} is not registered; run the program that has it"
                )
            if dry_run and not hook.on_dry_run:
                continue
            request = resource_pb2.ResourceHookRequest(
                urn=call.urn, id=call.id, name=call.name, type=call.type
            )
            for field in ("new_inputs", "old_inputs", "new_outputs", "old_outputs"):
                value = getattr(call, field)
                if value is not None:
                    getattr(request, field).CopyFrom(wire.encode(value))
            response = resource_pb2.ResourceHookResponse.FromString(self._invoke(hook.callback, request))
            if response.error and not getattr(hook, "ignore_errors", False):
                raise EngineError(f"hook {name!r}: {response.error}")

    def add_stack_transform(self, callback: Any) -> None:
        """Keep a transform that all resources pass."""
        self._stack_transforms.append(callback)

    def add_transforms(self, urn: str, parent: str, transforms: list[Any]) -> None:
        """Note what a resource's children have to pass: its own transforms and its parent's."""
        self._transforms[urn] = [*transforms, *self._transforms.get(parent, [])]

    def transform(self, request: Any) -> None:
        """Let the transforms of a registration, of its ancestors and of the stack change it."""
        chain = [*request.transforms, *self._transforms.get(request.parent, []), *self._stack_transforms]
        for callback in chain:
            question = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=_options_of(request),
            )
            with self._a_transform():
                answer = resource_pb2.TransformResponse.FromString(self._invoke(callback, question))
            request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _put_options(request, answer.options)


_SAME_NAME = ("protect", "version", "provider", "aliases", "hooks")
_RENAMED = {
    "depends_on": "dependencies",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "additional_secret_outputs": "additionalSecretOutputs",
    "replace_with": "replace_with",
} | {name: name for name in _SAME_NAME}


def _copy_field(source: Any, name: str, target: Any, new_name: str) -> None:
    field = source.DESCRIPTOR.fields_by_name[name]
    value = getattr(source, name)
    if field.is_repeated:
        target.ClearField(new_name)
        getattr(target, new_name).extend(value)
    elif field.message_type is not None:
        if source.HasField(name):
            getattr(target, new_name).CopyFrom(value)
    elif not field.has_presence or source.HasField(name):
        setattr(target, new_name, value)


def _options_of(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions()
    for name, spelled in _RENAMED.items():
        _copy_field(request, spelled, options, name)
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    options.providers.update(request.providers)
    return options


def _put_options(request: Any, options: Any) -> None:
    for name, spelled in _RENAMED.items():
        _copy_field(options, name, request, spelled)
    if options.HasField("delete_before_replace"):
        request.deleteBeforeReplace = options.delete_before_replace
        request.deleteBeforeReplaceDefined = True
    if options.HasField("replacement_trigger") or getattr(options, "import"):
        raise UnsupportedError(
            f"{request.type} {request.name}: a transform sets an option that the local run has not"
        )
    request.providers.clear()
    request.providers.update(options.providers)
