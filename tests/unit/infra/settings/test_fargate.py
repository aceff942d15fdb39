"""Fargate's sizes, as AWS documents them."""

from __future__ import annotations

import pytest

from infra.settings.fargate import MEMORY_BY_CPU, nearest_memory, sizes_for
from tests.unit.infra.settings_fixtures import fault_of, faults_of, settings_of


def test_the_sizes_are_those_that_aws_lists() -> None:
    """By number, smallest and largest memory for each CPU."""
    assert {cpu: (len(sizes), sizes[0], sizes[-1]) for cpu, sizes in MEMORY_BY_CPU.items()} == {
        256: (3, 512, 2048),
        512: (4, 1024, 4096),
        1024: (7, 2048, 8192),
        2048: (13, 4096, 16384),
        4096: (23, 8192, 30720),
        8192: (12, 16384, 61440),
        16384: (12, 32768, 122880),
        32768: (3, 61440, 249856),
    }


def test_every_pair_of_the_table_is_accepted() -> None:
    pairs = [(cpu, memory) for cpu, sizes in MEMORY_BY_CPU.items() for memory in sizes]
    accepted = [settings_of({"cpu": cpu, "memory": memory}).main for cpu, memory in pairs]

    assert [(main.cpu, main.memory) for main in accepted] == pairs


@pytest.mark.parametrize(
    ("cpu", "memory", "nearest"),
    [
        (256, 4096, 2048),
        (256, 1, 512),
        (256, 1536, 2048),
        (1024, 512, 2048),
        (8192, 17408, 16384),
        (8192, 18432, 20480),
        (32768, 100000, 122880),
    ],
)
def test_invalid_memory_is_refused_with_the_nearest_size(cpu: int, memory: int, nearest: int) -> None:
    fault = fault_of({"cpu": cpu, "memory": memory})

    assert fault.startswith(f"memory = {memory}: ")
    assert f"with cpu {cpu} memory is {sizes_for(cpu)}" in fault
    assert fault.endswith(f"the nearest is {nearest}")
    assert nearest_memory(cpu, memory) == nearest


def test_an_invalid_cpu_is_one_fault() -> None:
    assert faults_of({"cpu": 300, "memory": 7}) == [
        "cpu = 300: one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, for Fargate"
    ]
