"""The ports of servers: the default if it is free, a chosen one, or an error."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest

from local import ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def used() -> Iterator[int]:
    """A port on which a server listens."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield ports.port_of(server)


def listen(default: int, chosen: int | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []
    with ports.listen(
        server="emulator", default=default, variable="EMULATOR_PORT", chosen=chosen, say=lines.append
    ) as listener:
        return ports.port_of(listener), lines


@pytest.mark.parametrize(
    ("chosen", "variable", "in_use"),
    [(None, "", False), (None, "{free}", True), ("{free}", "nonsense", True)],
    ids=["the default", "the variable overrides the default", "the argument overrides both"],
)
def test_the_port_is_chosen_by_argument_variable_or_default(
    monkeypatch: pytest.MonkeyPatch, used: int, chosen: str | None, variable: str, *, in_use: bool
) -> None:
    free = ports.any_free()
    monkeypatch.setenv("EMULATOR_PORT", variable.format(free=free))

    assert listen(used if in_use else free, int(chosen.format(free=free)) if chosen else None) == (free, [])


def test_if_the_default_is_in_use_another_port_is_used_and_named(used: int) -> None:
    port, lines = listen(used)

    assert port != used
    assert lines == [f"Port {used} is in use: the emulator listens on {port}; set EMULATOR_PORT to choose"]


def test_port_0_stands_for_any_free_port(used: int) -> None:
    port, lines = listen(used, 0)

    assert (port > 0, lines) == (True, [])


def test_two_servers_never_get_the_same_port() -> None:
    """Two clones that start at the same time both find the default free."""
    free = ports.any_free()
    listen = partial(
        ports.listen, server="emulator", default=free, variable="EMULATOR_PORT", say=lambda _: None
    )

    with listen() as first, listen() as second:
        assert ports.port_of(first) == free != ports.port_of(second)


def test_a_chosen_port_in_use_is_an_error(monkeypatch: pytest.MonkeyPatch, used: int) -> None:
    monkeypatch.setenv("EMULATOR_PORT", str(used))

    with pytest.raises(ports.PortError, match=f"port {used} for the emulator is in use: .*EMULATOR_PORT"):
        listen(ports.any_free())


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "\u0664"])
def test_an_invalid_port_is_an_error_with_its_value(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EMULATOR_PORT", text)

    with pytest.raises(ports.PortError, match="it must be a port from 1 to 65535") as error:
        listen(ports.any_free())

    assert f"EMULATOR_PORT is {text!r}" in str(error.value)


def test_a_forbidden_port_is_an_error_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(_address: tuple[str, int]) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbid)

    with pytest.raises(ports.PortError, match="port 80 for the emulator cannot be used: Permission denied"):
        listen(8080, 80)
