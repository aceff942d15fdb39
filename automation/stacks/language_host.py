"""Runs the project's program for the Pulumi CLI, as the Automation API runs an inline program.

The only module that uses the SDK's language host, which is private (`pulumi.automation._server`): the public
`Stack.up` would call the CLI four more times for each update.
"""

from __future__ import annotations

import os
import queue
import runpy
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

import grpc
from pulumi.automation import _server
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from automation.stacks.lazy_sdk import import_by_name
from automation.stacks.lean_sdk import lean_sdk

_NO_LIMIT: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_CALLS_AT_ONCE: Final = 4
_IMPORTED_BY_NAME: Final = tuple(
    f"pulumi_aws.{name}" for name in ("acm", "cloudwatch", "ec2", "ecr", "ecs", "iam", "lb", "route53", "vpc")
)
"""Packages with many more modules than the program uses."""
_IMPORTED_BY_THE_PROGRAM: Final = (
    # Each imports the input and output types of its package.
    "pulumi_aws.acm.certificate",
    "pulumi_aws.cloudwatch.metric_alarm",
    "pulumi_aws.ec2.security_group",
    "pulumi_aws.ecr.repository",
    "pulumi_aws.ecs.service",
    "pulumi_aws.iam.role",
    "pulumi_aws.lb.listener",
    "pulumi_aws.route53.record",
    "pulumi_awsx",
    "pulumi_docker_build",
    "pulumi_random",
)
"""Else the SDK loads them when the program first uses them, one after the other."""


class LanguageHost(_server.LanguageServer):
    """Runs the program on the thread that calls :meth:`serve_until_closed`."""

    def __init__(self, program: Path) -> None:
        """Serve the Python file that declares the stack on a free loopback port."""
        super().__init__(lambda: _run(program))
        self._runs: queue.SimpleQueue[tuple[Any, Any, Future[Any]] | None] = queue.SimpleQueue()
        self._server = grpc.server(ThreadPoolExecutor(_CALLS_AT_ONCE), options=_NO_LIMIT)
        add = cast("Any", language_pb2_grpc).add_LanguageRuntimeServicer_to_server
        add(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        """Value of the CLI's option `--client`."""
        self._server.start()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: D102, N802 -- the protocol's name
        response: Future[Any] = Future()
        self._runs.put((request, context, response))
        return response.result()

    def serve_until_closed(self) -> None:
        """Run the program on this thread whenever the CLI requests it."""
        run = cast("Any", super()).Run
        # Meanwhile the CLI starts, which takes about as long.
        for package in _IMPORTED_BY_NAME:
            import_by_name(package)
        for module in _IMPORTED_BY_THE_PROGRAM:
            # Reading an attribute loads the module.
            getattr(import_module(module), "__all__", None)
        with lean_sdk():
            while (call := self._runs.get()) is not None:
                request, context, response = call
                try:
                    response.set_result(_without_error(run(request, context)))
                except BaseException as error:  # noqa: BLE001 -- the CLI has to get a response
                    response.set_exception(error)

    def close(self) -> None:
        """Let :meth:`serve_until_closed` return; from any thread."""
        self._runs.put(None)
        self._server.stop(None)


def _without_error(response: Any) -> Any:
    """Return a response without its error, which was logged: the CLI would show it again, as unhandled."""
    return language_pb2.RunResponse(bail=True) if response.error else response


def _run(program: Path) -> None:
    """Run the program as the CLI would: in its folder, which it imports from."""
    folder = str(program.parent)
    os.chdir(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    runpy.run_path(str(program), run_name="__main__")
