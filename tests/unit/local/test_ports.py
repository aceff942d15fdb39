"""Ports: bound before they are told; the usual one if it is free, a chosen one or an error."""

from __future__ import annotations

import socket
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


def listen(default: int, *, wanted: int | None = None, variable: str = "") -> tuple[int, list[str]]:
    said: list[str] = []
    with ports.listen(
        what="emulator",
        default=default,
        variable="EMULATOR_PORT",
        wanted=wanted,
        environment={"EMULATOR_PORT": variable},
        say=said.append,
    ) as listener:
        return ports.port_of(listener), said


def test_the_usual_port_is_used_without_a_word_if_it_is_free() -> None:
    free = ports.any_free()

    assert listen(free) == (free, [])


def test_another_port_is_used_and_named_if_the_usual_one_is_in_use(used: int) -> None:
    port, said = listen(used)

    assert port != used
    assert said == [f"Port {used} is in use: the emulator listens on {port}; set EMULATOR_PORT to choose"]


def test_the_variable_comes_before_the_usual_port() -> None:
    free = ports.any_free()

    assert listen(1, variable=str(free)) == (free, [])


def test_the_argument_comes_before_the_variable() -> None:
    free = ports.any_free()

    assert listen(1, variable="nonsense", wanted=free) == (free, [])


def test_any_free_port_can_be_asked_for(used: int) -> None:
    port, said = listen(used, wanted=0)

    assert (port > 0, said) == (True, [])


def test_nobody_else_gets_a_port_from_then_on() -> None:
    """Two clones that start at the same time both find the usual port free."""
    free = ports.any_free()
    arguments = {"what": "emulator", "default": free, "variable": "EMULATOR_PORT", "environment": {}}

    with (
        ports.listen(**arguments, say=pytest.fail) as first,  # type: ignore[arg-type]
        ports.listen(**arguments, say=lambda _: None) as second,  # type: ignore[arg-type]
    ):
        assert ports.port_of(first) == free != ports.port_of(second)


def test_a_chosen_port_that_is_in_use_is_an_error_and_not_moved(used: int) -> None:
    with pytest.raises(ports.PortError, match=f"port {used} for the emulator is in use: .*EMULATOR_PORT"):
        listen(ports.any_free(), variable=str(used))


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "\u0664"])
def test_a_chosen_port_that_is_none_is_an_error_with_its_value(text: str) -> None:
    with pytest.raises(
        ports.PortError, match=r"EMULATOR_PORT is .*: it must be a port from 1 to 65535"
    ) as error:
        listen(ports.any_free(), variable=text)

    assert repr(text) in str(error.value)


def test_a_port_that_may_not_be_used_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_address: tuple[str, int]) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbidden)

    with pytest.raises(ports.PortError, match="port 80 for the emulator cannot be used: Permission denied"):
        listen(8080, variable="80")
