"""Imports of every local command: most of the time of a command that changes nothing is imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"aiohttp", "asyncio", "boto3", "botocore", "docker", "hypercorn", "ministack", "requests"}


def test_starting_servers_imports_no_client_of_docker_or_aws() -> None:
    program = (
        "import sys; import local.docker, local.docker_daemon, local.emulator, local.front_door; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert HEAVY & {*loaded} == set()
