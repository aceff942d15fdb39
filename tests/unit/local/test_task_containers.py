"""Listening sockets, health checks and running tasks."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from local import task_containers
from local.docker import DockerError
from local.task_containers import Listener, as_command, parse_listeners, running_tasks

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:9C40 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
""".splitlines()
TCP6 = """\
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 4
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 5
""".splitlines()


def test_only_listening_sockets_are_returned() -> None:
    assert parse_listeners(TCP) == [
        Listener(address="127.0.0.1", port=3000),
        Listener(address="0.0.0.0", port=8080),
    ]


def test_ipv6_sockets_are_returned() -> None:
    anywhere, inside = parse_listeners(TCP6)

    assert (anywhere.address, anywhere.port, anywhere.loopback) == ("::", 80, False)
    assert (inside.address, inside.port, inside.loopback) == ("::1", 81, True)


def test_other_lines_are_skipped() -> None:
    assert parse_listeners(["cat: /proc/net/tcp6: No such file or directory", ""]) == []


@pytest.mark.parametrize(
    ("health_check", "command"),
    [
        (["CMD", "node", "health-check.js"], ["node", "health-check.js"]),
        (
            ["CMD-SHELL", "curl -f http://localhost || exit 1"],
            ["/bin/sh", "-c", "curl -f http://localhost || exit 1"],
        ),
    ],
)
def test_a_health_check_is_converted_to_its_command(health_check: list[str], command: list[str]) -> None:
    assert as_command(health_check) == command


def test_tasks_with_a_running_container_are_running(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "com.amazonaws.ecs.task-arn"

    def containers(**query: Any) -> list[dict[str, Any]]:
        assert query == {"filters": {"label": [label]}}
        return [{"Labels": {label: "mine"}}, {"Labels": {label: "another's"}}]

    daemon = nullcontext(SimpleNamespace(containers=containers))
    monkeypatch.setattr(task_containers, "docker_engine", lambda _: daemon)

    assert running_tasks(["mine", "stopped"]) == {"mine"}


def test_without_a_daemon_running_tasks_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator still reports RUNNING."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    with pytest.raises(DockerError, match="no Docker daemon answers"):
        running_tasks(["task"])
