"""The program as the Pulumi CLI runs it: in this process, by the SDK's own language host."""

from __future__ import annotations

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
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from automation.stacks.lean_sdk import TRACE, lean_sdk

HOW_TO_GO_ON = (
    f"pulumi {importlib.metadata.version('pulumi')} has no language host as automation/stacks/language_host.py "
    "takes it: look for what `pulumi.automation.Stack.up(program=…)` serves to the CLI in this version, and "
    "change that module"
)


def test_the_sdk_has_its_private_language_host_where_it_is_taken_from() -> None:
    """It is no public API: this fails first when the SDK moves it, and says what to do."""
    try:
        server = import_module("pulumi.automation._server").LanguageServer
    except (ImportError, AttributeError):
        pytest.fail(HOW_TO_GO_ON, pytrace=False)
    methods = {
        name: tuple(inspect.signature(method).parameters)
        for name, method in vars(server).items()
        if callable(method)
    }

    taken = {
        "__init__": ("self", "program"),
        "Run": ("self", "request", "context"),
        "GetRequiredPackages": ("self", "request", "context"),
        "GetPluginInfo": ("self", "request", "context"),
    }
    assert {name: methods.get(name) for name in taken} == taken, HOW_TO_GO_ON


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """The engine of a CLI that has nothing but a stack."""

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
    """Serve a program, let the CLI ask for it once, and return what it is answered."""
    from automation.stacks import language_host

    monkeypatch.setattr(language_host, "_IMPORTED_BY_THE_PROGRAM", ())
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
        answers: list[Any] = []

        def ask() -> None:
            request = language_pb2.RunRequest(
                project="shop",
                stack="dev",
                config={"shop:cpu": "256"},
                monitor_address=address,
                args=[address],
            )
            with grpc.insecure_channel(host.address) as channel:
                answers.append(language_pb2_grpc.LanguageRuntimeStub(channel).Run(request))
            host.close()

        asking = threading.Thread(target=ask)
        asking.start()
        host.serve_until_closed()
        asking.join()
        return answers[0]

    yield run
    server.stop(None).wait()
    sys.modules.pop("beside", None)


def test_the_program_runs_in_its_folder_on_the_thread_that_serves_it(run: Runs, engine: Engine) -> None:
    """Signals reach the main thread alone."""
    answer = run(
        "import threading, pathlib, pulumi, beside\n"
        "pulumi.export('thread', threading.current_thread().name)\n"
        "pulumi.export('folder', pathlib.Path.cwd().name)\n"
        "pulumi.export('beside', beside.NAME)\n"
        "pulumi.export('told', f'{pulumi.get_project()} {pulumi.get_stack()} {pulumi.Config().get(\"cpu\")}')\n"
    )

    assert not answer.bail
    assert engine.outputs == {
        "thread": threading.current_thread().name,
        "folder": Path.cwd().name,
        "beside": "beside",
        "told": "shop dev 256",
    }


LATE = "pulumi_aws.glacier"
"""A small module that nothing here uses."""


def test_modules_of_the_sdk_are_loaded_before_the_program_asks_for_them(
    run: Runs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the CLI starts. The SDK puts that off until somebody asks for what is in a module."""
    monkeypatch.setattr("automation.stacks.language_host._IMPORTED_BY_THE_PROGRAM", (LATE,))
    assert type(import_module(LATE)) is not ModuleType, "it was loaded before this test"

    run(f"import pulumi, sys\npulumi.export('loaded', type(sys.modules['{LATE}']).__name__)\n")

    assert engine.outputs == {"loaded": "module"}


def test_what_the_program_refuses_is_told_once_in_its_own_words(run: Runs, engine: Engine) -> None:
    """An error in the answer would be shown again, as one that nobody handled."""
    answer = run("import pulumi\nraise pulumi.RunError('cpu is 257')\n")

    assert (answer.bail, answer.error) == (True, "")
    assert [message for _, message in engine.logged] == ["cpu is 257"]


def test_a_program_that_breaks_is_told_with_its_traceback(run: Runs, engine: Engine) -> None:
    answer = run("raise KeyError('nobody')\n")

    assert answer.bail
    ((_, message),) = engine.logged
    assert "KeyError: 'nobody'" in message


def test_no_debug_lines_are_sent(run: Runs, engine: Engine) -> None:
    """Each waits for an answer, and nobody sees them."""
    run("import pulumi\npulumi.log.debug('hidden')\npulumi.info('shown')\n")

    assert [message for _, message in engine.logged] == ["shown"]


def test_no_lines_of_code_are_sent_for_a_resource(run: Runs, engine: Engine) -> None:
    """For each resource the SDK would take the whole stack apart."""
    run("import pulumi\npulumi.ComponentResource('shop:index:Part', 'one')\n")

    # The stack's own, and the component.
    assert engine.traced == [False, False]


def test_the_sdk_has_the_private_function_that_finds_these_lines() -> None:
    """Without it every update is slower by a quarter, and nothing else would tell."""
    assert callable(getattr(import_module("pulumi.runtime.resource"), TRACE, None)), (
        "look for what fills `stackTrace` of RegisterResourceRequest in this version, and name it in "
        "automation/stacks/lean_sdk.py"
    )


def test_the_sdk_is_as_before_afterwards() -> None:
    """Other programs of this process may want both."""
    trace, debug = getattr(import_module("pulumi.runtime.resource"), TRACE), pulumi.log.debug

    with lean_sdk():
        assert pulumi.log.debug is not debug

    assert getattr(import_module("pulumi.runtime.resource"), TRACE) is trace
    assert pulumi.log.debug is debug
