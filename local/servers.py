"""Servers of the local run: one of each kind for a clone, started when a command needs it."""

from __future__ import annotations

import http.client
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from local import ports
from local.disk import replace_text
from local.live.notes import Notes
from local.locks import exclusive
from local.processes import POLL_SECONDS, ProcessError, ProcessIdentity, log_end, spawn, user_environment

_ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Server(ABC):
    """A server on a port of 127.0.0.1, in its own process, with a record file.

    A subclass's further fields are text, and part of the record.
    """

    NAME: ClassVar[str]
    """Name in messages and, with underscores, of its files."""
    DEFAULT_PORT: ClassVar[int]
    PORT_VARIABLE: ClassVar[str]
    """Environment variable that sets the port."""
    STOP_SECONDS: ClassVar[float]

    state_dir: Path
    """Folder of its record, log and lock."""
    process: ProcessIdentity
    port: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """File of its output."""
        return self._file(self.state_dir, "log")

    @classmethod
    def recorded(cls, state_dir: Path) -> Self | None:
        """Return the server that was started with `state_dir` and not stopped, even if it has crashed."""
        try:
            record: Any = json.loads(cls._file(state_dir, "json").read_text("utf-8"))
            names = {field.name for field in fields(cls)} - {"state_dir", "process", "port"}
            return cls(
                state_dir=state_dir,
                process=ProcessIdentity.from_record(record),
                port=int(record["port"]),
                **{name: str(record[name]) for name in names},
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @classmethod
    def running(cls, state_dir: Path) -> Self | None:
        """Return the server that was started with `state_dir`, if its process runs."""
        server = cls.recorded(state_dir)
        return server if server is not None and server.process.alive else None

    @classmethod
    def start(
        cls,
        python_arguments: Sequence[str],
        *,
        state_dir: Path,
        port: int | None,
        say: Callable[[str], None],
        environment: Callable[[int], Mapping[str, str]] = lambda _port: {},
        inherit: Sequence[int] = (),
        fits: Callable[[Self], bool] = lambda _server: True,
        **fields: str,
    ) -> Self:
        """Return the server of `state_dir`; start it if none runs that fits.

        Several processes may call this at once: one starts it, the others get the same. From then on it
        accepts connections; `wait_until_ready` returns when it answers.

        Args:
            python_arguments: arguments of Python. The process gets the listening socket as descriptor 3.
            state_dir: folder for its record, log and lock.
            port: port to listen on, 0 for any; None for its variable, else its default, else any.
            say: called with one line if the default port is in use.
            environment: returns further variables, by the port.
            inherit: descriptors that the process gets after the socket.
            fits: whether a running server can be used; otherwise it is replaced.
            fields: its further fields.

        Raises:
            PortError: the chosen port cannot be used.
            ProcessError: it does not start.
        """
        with exclusive(cls._file(state_dir, "lock")):
            server = cls.recorded(state_dir)
            if server is not None and server.process.alive and fits(server):
                return server
            if server is not None:
                server.stop()
            with ports.listen(
                server=cls.NAME, default=cls.DEFAULT_PORT, variable=cls.PORT_VARIABLE, chosen=port, say=say
            ) as listener:
                port = ports.port_of(listener)
                process = spawn(
                    [sys.executable, "-P", *python_arguments],
                    log=cls._file(state_dir, "log"),
                    environment={
                        **user_environment(),
                        "PYTHONPATH": str(_ROOT),
                        **Notes.of(state_dir).variables,
                        **environment(port),
                    },
                    inherit=[listener.fileno(), *inherit],
                )
            record = {**asdict(process), "port": port, **fields}
            try:
                replace_text(cls._file(state_dir, "json"), json.dumps(record))
            except BaseException:
                # Without a record no command would find it.
                process.stop(seconds=0)
                raise
            return cls(state_dir=state_dir, process=process, port=port, **fields)

    @classmethod
    @contextmanager
    def port_checked(cls, state_dir: Path) -> Generator[None]:
        """Check the port that its variable sets, and keep that port from others meanwhile.

        Raises:
            PortError: it is not a port, it is in use, or the running server listens on another.
        """
        port = ports.configured_port(cls.PORT_VARIABLE)
        if port is None:
            yield
            return
        with exclusive(cls._file(state_dir, "lock")):
            if (server := cls.running(state_dir)) is None:
                with ports.listen(server=cls.NAME, default=port, variable=cls.PORT_VARIABLE, chosen=port):
                    yield
                return
        if server.port != port:
            raise ports.PortError(
                f"the {cls.NAME} in {state_dir} listens on port {server.port}, not {port}: change "
                f"{cls.PORT_VARIABLE}, or run `make down`, which removes it with all local stacks"
            )
        yield

    @abstractmethod
    def answers(self) -> bool:
        """Whether this server, and no other on its port, answers within 5 s."""

    def request(
        self, path: str, *, most_bytes: int | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int | None, str]:
        """Request a path; return status and body of the response, or None and the reason if there is none."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read(most_bytes).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return None, str(error) or type(error).__name__
        finally:
            connection.close()

    def wait_until_ready(self, *, seconds: float = 30.0) -> None:
        """Return as soon as it answers.

        Raises:
            ProcessError: it exited, or does not answer in `seconds`; the message has the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not self.answers():
            alive = self.process.alive
            if not alive or time.monotonic() > deadline:
                how = f"does not answer after {seconds:g} s" if alive else "exited"
                end = f"its log, {self.log}, ends with:\n{log_end(self.log)}"
                raise ProcessError(f"the {self.NAME} {how}; {end}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it and delete its record.

        Raises:
            ProcessError: it belongs to another user.
        """
        self.process.stop(seconds=self.STOP_SECONDS)
        self._file(self.state_dir, "json").unlink(missing_ok=True)

    @classmethod
    def _file(cls, state_dir: Path, suffix: str) -> Path:
        return state_dir / f"{cls.NAME.replace(' ', '_')}.{suffix}"
