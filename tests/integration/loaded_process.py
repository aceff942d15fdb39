"""Runs commands of a project as forks of a process that has loaded all that they load.

A Python of its own takes longer to load the libraries than most commands take for their work. Here a process
loads the libraries once, a fork of it the modules of one project, and a fork of that is one command, with
arguments, variables, output, signals and exit code as if it had been started alone.

This file is also the program of that process; until a project is requested it loads nothing of this one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

_LARGEST_REQUEST: Final = 1 << 17
_LARGEST_ANSWER: Final = 64
_MOST_DESCRIPTORS: Final = 3
# What is missing here is loaded by each command that needs it.
_LIBRARIES: Final = (
    *("boto3", "click", "docker", "dotenv", "grpc", "pydantic", "yaml"),
    *("pulumi", "pulumi.automation._server", "pulumi.runtime.mocks", "pulumi_awsx"),
    *("pulumi_docker_build", "pulumi_random", "pulumi_aws"),
)
_LOADED_LATE: Final = (
    "acm",
    "appautoscaling",
    "cloudwatch",
    "ec2",
    "ecr",
    "ecs",
    "iam",
    "lb",
    "route53",
    "vpc",
)
"""Modules of `pulumi_aws`, which loads them when they are first used."""
_SERVICES: Final = ("acm", "cloudwatch", "ec2", "ecr", "ecs", "elbv2", "iam", "logs", "route53", "sts")
_OWN: Final = (
    *("infra.environment.attached", "infra.environment.environment", "local.resources.registry"),
    *("automation.stacks.language_host", "automation.stacks.local", "automation.stacks.local_commands"),
    *("automation.stacks.up", "automation.changes.preview", "automation.services.quota"),
    *("local.environment", "local.provider.server", "local.pulumi"),
)


class Command:
    """A command that runs, used as `subprocess.Popen` is."""

    def __init__(self, connection: socket.socket, stdout: IO[str], stderr: IO[str]) -> None:
        self._connection = connection
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self.pid = int(connection.recv(_LARGEST_ANSWER))

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code when it has ended."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(_LARGEST_ANSWER))
            except TimeoutError:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            self._connection.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what it prints from now on, when it has ended."""
        texts = {self.stdout: "", self.stderr: ""}

        def read(stream: IO[str]) -> None:
            with stream:
                texts[stream] = stream.read()

        readers = [threading.Thread(target=read, args=(stream,), daemon=True) for stream in texts]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        return texts[self.stdout], texts[self.stderr]

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not been waited for."""
        # Until then its id is not given to another process.
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class LoadedProcess:
    """A process that has loaded a project."""

    def __init__(self, folder: Path) -> None:
        """Let the libraries' process have a fork that loads what is in the folder."""
        self._control, theirs = _pair()
        self._status, their_end = _pair()
        with theirs, their_end:
            _send_request(_libraries(), {"folder": str(folder)}, their_end.fileno(), theirs.fileno())

    def begin(self, script: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Command:
        """Begin a module, or a script if it has a path, with all its variables."""
        connection, their_end = _pair()
        out, their_out = os.pipe()
        err, their_err = os.pipe()
        request = {"script": script, "arguments": [*arguments], "environment": {**environment}}
        try:
            _send_request(self._control, request, their_end.fileno(), their_out, their_err)
        finally:
            their_end.close()
            os.close(their_out)
            os.close(their_err)
        return Command(connection, os.fdopen(out), os.fdopen(err))


@cache
def _libraries() -> socket.socket:
    """Start the process that loads the libraries, once; it ends with this one."""
    control, theirs = _pair()
    # A profile that is not there would keep it from making a session.
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # Compiling what it loads would take longer than all it saves.
            env={**others, "PYTHONDONTWRITEBYTECODE": "", "GRPC_VERBOSITY": "NONE"},
        )

    def end() -> None:
        control.close()
        process.wait()

    atexit.register(end)
    return control


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _send_request(control: socket.socket, request: Mapping[str, Any], *descriptors: int) -> None:
    socket.send_fds(control, [json.dumps(request).encode()], descriptors)


def serve(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request.

    Returns:
        In a fork: the request and its descriptors. Else None, when nobody is there to ask any more.
    """
    # Ctrl-C in a terminal is for the commands.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    running: dict[int, tuple[int, socket.socket]] = {}
    """By descriptor of the process: its id, and who waits for it."""
    while True:
        for key, _ in selector.select():
            if key.fileobj is control:
                request, descriptors, _, _ = socket.recv_fds(control, _LARGEST_REQUEST, _MOST_DESCRIPTORS)
                if not request:
                    return None
                pid = os.fork()
                if pid == 0:
                    selector.close()
                    control.close()
                    for process, (_, connection) in running.items():
                        os.close(process)
                        connection.close()
                    signal.signal(signal.SIGINT, signal.default_int_handler)
                    return json.loads(request), descriptors
                connection = socket.socket(fileno=descriptors.pop(0))
                for each in descriptors:
                    os.close(each)
                connection.send(str(pid).encode())
                process = os.pidfd_open(pid)
                running[process] = pid, connection
                selector.register(process, selectors.EVENT_READ)
            elif isinstance(key.fileobj, int):
                # It has ended; its id is not reused until the requester has received its exit code.
                pid, connection = running[key.fileobj]
                selector.unregister(key.fileobj)
                selector.register(connection, selectors.EVENT_READ, key.fileobj)
                ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
                assert ended is not None
                code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                with suppress(ConnectionError):
                    connection.send(str(code).encode())
            else:
                pid, connection = running.pop(key.data)
                selector.unregister(connection)
                connection.close()
                os.close(key.data)
                os.waitpid(pid, 0)


def _load_libraries() -> None:
    for name in _LIBRARIES:
        import_module(name)
    from boto3 import Session
    from botocore.loaders import JSONFileLoader

    # Each session of boto3 reads anew what describes a service; in one command there are three.
    read = cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda self, file_path: read(file_path)
    session = Session("nobody", "nothing", region_name="us-east-1")
    for name in _SERVICES:
        session.client(name)
    for name in _LOADED_LATE:
        getattr(import_module(f"pulumi_aws.{name}"), "__all__", None)


def _main() -> None:
    gc.disable()
    control = socket.socket(fileno=int(sys.argv[1]))
    _load_libraries()
    project = serve(control)
    if project is None:
        return
    request, (unused, theirs) = project
    os.close(unused)
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    for name in _OWN:
        # The command that needs it says what is wrong.
        with suppress(ImportError):
            import_module(name)
    # Else the first use builds it.
    import_module("infra.settings").Settings.model_rebuild()
    command = serve(socket.socket(fileno=theirs))
    if command is None:
        return
    request, (unused, out, err) = command
    os.close(unused)
    for source, target in ((out, 1), (err, 2)):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["script"], *request["arguments"]]
    gc.enable()
    if os.sep in request["script"]:
        runpy.run_path(request["script"], run_name="__main__")
    else:
        runpy.run_module(request["script"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
