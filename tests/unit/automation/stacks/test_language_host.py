"""The language host runs the program in this process, for the Pulumi CLI."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2
from pulumi.output import UNKNOWN
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from automation.stacks.lean_sdk import REPLACED, contains_unknowns, lean_sdk, transfer_properties

HOW_TO_FIX = (
    f"pulumi {importlib.metadata.version('pulumi')} has another language host than automation/stacks/language_host.py "
    "expects: look for what `pulumi.automation.Stack.up(program=…)` serves to the CLI in this version, and "
    "adapt that module"
)


def test_the_sdk_has_the_private_language_host_that_this_project_uses() -> None:
    """If the SDK changes it, this test says what to do."""
    try:
        server = import_module("pulumi.automation._server").LanguageServer
    except (ImportError, AttributeError):
        pytest.fail(HOW_TO_FIX, pytrace=False)
    methods = {
        name: tuple(inspect.signature(method).parameters)
        for name, method in vars(server).items()
        if callable(method)
    }

    used = {
        "__init__": ("self", "program"),
        "Run": ("self", "request", "context"),
        "GetRequiredPackages": ("self", "request", "context"),
        "GetPluginInfo": ("self", "request", "context"),
    }
    assert {name: methods.get(name) for name in used} == used, HOW_TO_FIX


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """The engine of a CLI, for a stack without resources."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, str]] = []
        self.outputs: dict[str, Any] = {}
        self.traced: list[bool] = []

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=True)

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.traced.append(bool(request.stackTrace.frames))
        return resource_pb2.RegisterResourceResponse(urn=f"urn:{request.name}", object=request.object)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.outputs = {key: value.string_value for key, value in request.outputs.fields.items()}
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.logged.append((request.severity, request.message))
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse()


@pytest.fixture
def engine() -> Engine:
    return Engine()


Runs = Callable[[str], Any]


@pytest.fixture
def run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Serve a program, run it once as the CLI does, and return the response."""
    from automation.stacks import language_host

    for constant in ("_IMPORTED_BY_NAME", "_IMPORTED_BY_THE_PROGRAM"):
        monkeypatch.setattr(language_host, constant, ())
    # The program changes both.
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setattr(sys, "path", [*sys.path])
    server = grpc.server(ThreadPoolExecutor(4))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    (tmp_path / "beside.py").write_text("NAME = 'beside'\n")

    def run(program: str) -> Any:
        path = tmp_path / "__main__.py"
        path.write_text(program)
        host = language_host.LanguageHost(path)
        responses: list[Any] = []

        def request_run() -> None:
            request = language_pb2.RunRequest(
                project="shop",
                stack="dev",
                config={"shop:cpu": "256"},
                monitor_address=address,
                args=[address],
            )
            with grpc.insecure_channel(host.address) as channel:
                responses.append(language_pb2_grpc.LanguageRuntimeStub(channel).Run(request))
            host.close()

        client = threading.Thread(target=request_run)
        client.start()
        host.serve_until_closed()
        client.join()
        return responses[0]

    yield run
    server.stop(None).wait()
    sys.modules.pop("beside", None)


def test_the_program_runs_in_its_folder_on_the_serving_thread(run: Runs, engine: Engine) -> None:
    """Signals reach only the main thread."""
    response = run(
        "import threading, pathlib, pulumi, beside\n"
        "pulumi.export('thread', threading.current_thread().name)\n"
        "pulumi.export('folder', pathlib.Path.cwd().name)\n"
        "pulumi.export('beside', beside.NAME)\n"
        "pulumi.export('config', f'{pulumi.get_project()} {pulumi.get_stack()} {pulumi.Config().get(\"cpu\")}')\n"
    )

    assert not response.bail
    assert engine.outputs == {
        "thread": threading.current_thread().name,
        "folder": Path.cwd().name,
        "beside": "beside",
        "config": "shop dev 256",
    }


UNUSED = "pulumi_aws.glacier"
"""A small module that nothing here uses."""


def test_modules_of_the_sdk_are_loaded_before_the_program_runs(
    run: Runs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CLI starts meanwhile. The SDK loads a module only when an attribute of it is read."""
    monkeypatch.setattr("automation.stacks.language_host._IMPORTED_BY_THE_PROGRAM", (UNUSED,))
    assert type(import_module(UNUSED)) is not ModuleType, "it was loaded before this test"

    run(f"import pulumi, sys\npulumi.export('loaded', type(sys.modules['{UNUSED}']).__name__)\n")

    assert engine.outputs == {"loaded": "module"}


def test_an_error_of_the_program_is_logged_once(run: Runs, engine: Engine) -> None:
    """The CLI would show an error in the response again, as unhandled."""
    response = run("import pulumi\nraise pulumi.RunError('cpu is 257')\n")

    assert (response.bail, response.error) == (True, "")
    assert [message for _, message in engine.logged] == ["cpu is 257"]


def test_an_unexpected_exception_is_logged_with_its_traceback(run: Runs, engine: Engine) -> None:
    response = run("raise KeyError('nobody')\n")

    assert response.bail
    ((_, message),) = engine.logged
    assert "KeyError: 'nobody'" in message


def test_debug_lines_are_not_sent(run: Runs, engine: Engine) -> None:
    """Each is a call of the engine, and is not displayed."""
    run("import pulumi\npulumi.log.debug('hidden')\npulumi.info('shown')\n")

    assert [message for _, message in engine.logged] == ["shown"]


def test_stack_traces_of_resources_are_not_sent(run: Runs, engine: Engine) -> None:
    run("import pulumi\npulumi.ComponentResource('shop:index:Part', 'one')\n")

    # Of the stack and the component.
    assert engine.traced == [False, False]


def test_the_sdk_has_the_outputs_that_lean_sdk_makes() -> None:
    assert transfer_properties in [replacement for _, _, replacement in REPLACED], (
        "look for what replaces `_OutputData` or `Output._from_data` in pulumi.output of this version, and adapt "
        "automation/stacks/lean_sdk.py"
    )


@pytest.mark.parametrize(("module", "name"), [part[:2] for part in REPLACED])
def test_the_sdk_has_what_lean_sdk_replaces_and_keeps_it_afterwards(module: ModuleType, name: str) -> None:
    """Without it every update is slower, without an error. Other programs in this process may need it."""
    original = getattr(module, name, None)
    assert original is not None, (
        f"look for what replaces {module.__name__}.{name} in this version, and adapt "
        "automation/stacks/lean_sdk.py"
    )

    with lean_sdk():
        assert getattr(module, name) is not original

    assert getattr(module, name) is original


class Part:
    """A resource, as far as its properties need one."""


FAULT = ValueError("not created")


@pytest.mark.parametrize(
    "result",
    [
        ("a", True, False, None, None),
        ("a", True, True, {Part()}, None),
        ({"a": [UNKNOWN]}, True, False, set(), None),
        (None, False, False, None, None),
        (None, False, False, None, FAULT),
    ],
)
def test_properties_resolve_as_those_of_the_sdk(result: tuple[Any, ...]) -> None:
    async def resolved(transfer: Any) -> tuple[list[str], list[Any]]:
        part = Part()
        resolvers = transfer(part, {"urn": None, "id": None, "arn": None}, True)
        arn: Any = part.arn  # type: ignore[attr-defined]
        parts = (arn.future(with_unknowns=True), arn.is_known(), arn.is_secret(), arn.resources())
        gathered = asyncio.gather(*parts, return_exceptions=True)
        resolvers["arn"](*result)
        *values, resources = await gathered
        if not isinstance(resources, BaseException):
            # It depends on itself.
            values.append({resource for resource in resources if resource is not part})
            values.append(len(resources))
        return [*resolvers], values

    original = import_module("pulumi.runtime.rpc").transfer_properties

    assert asyncio.run(resolved(transfer_properties)) == asyncio.run(resolved(original))


def test_a_property_has_no_task(run: Runs, engine: Engine) -> None:
    """Of a preview's memory, tasks and further futures of properties took a tenth."""
    run(
        "import asyncio, pulumi\n"
        "before = len(asyncio.all_tasks())\n"
        "part = pulumi.ComponentResource('shop:index:Part', 'one', {f'p{n}': n for n in range(50)}, remote=True)\n"
        "pulumi.export('tasks', str(len(asyncio.all_tasks()) - before))\n"
    )

    assert int(engine.outputs["tasks"]) < 10


CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value",
    [
        UNKNOWN,
        None,
        "text",
        {"a": [1, {"b": UNKNOWN}]},
        {"a": [1, {"b": 2}], "values": [UNKNOWN]},
        [[1, 2], {"a": {}}],
        CYCLE,
    ],
)
def test_contains_unknowns_returns_what_the_sdk_returns(value: object) -> None:
    assert contains_unknowns(value) is pulumi.contains_unknowns(value)
