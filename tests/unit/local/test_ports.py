"""Ports: the usual one if it is free, a fixed one or an error, never somebody else's."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from local import ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def choose(default: int, *, wanted: int | None = None, fixed: str = "") -> tuple[int, list[str]]:
    said: list[str] = []
    port = ports.choose(
        what="emulator",
        default=default,
        variable="EMULATOR_PORT",
        wanted=wanted,
        environment={"EMULATOR_PORT": fixed},
        say=said.append,
    )
    return port, said


def test_the_usual_port_is_taken_in_silence_when_it_is_free() -> None:
    free = ports.any_free()

    assert choose(free) == (free, [])


def test_another_free_port_is_chosen_and_named_when_the_usual_one_is_taken(taken: int) -> None:
    port, said = choose(taken)

    assert port != taken
    assert ports.is_free(port)
    assert said == [
        f"Port {taken} is taken: the emulator listens on {port} (EMULATOR_PORT fixes it)",
    ]


def test_the_variable_comes_before_the_usual_port() -> None:
    free = ports.any_free()

    assert choose(1, fixed=str(free)) == (free, [])


def test_the_argument_comes_before_the_variable() -> None:
    free = ports.any_free()

    assert choose(1, fixed="nonsense", wanted=free) == (free, [])


def test_a_fixed_port_that_is_taken_is_an_error_and_not_moved(taken: int) -> None:
    with pytest.raises(ports.PortError, match=f"port {taken} for the emulator is taken.*EMULATOR_PORT"):
        choose(ports.any_free(), fixed=str(taken))


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "\u0664"])
def test_a_fixed_port_that_is_none_is_an_error_with_its_value(text: str) -> None:
    with pytest.raises(
        ports.PortError, match=r"EMULATOR_PORT is .*: it must be a port from 1 to 65535"
    ) as error:
        choose(ports.any_free(), fixed=text)

    assert repr(text) in str(error.value)
