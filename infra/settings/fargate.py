"""The sizes of a Fargate task: which CPU goes with which memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final


def _gib(*sizes: int) -> tuple[int, ...]:
    return tuple(size * 1024 for size in sizes)


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
MEMORY_BY_CPU: Final[Mapping[int, Sequence[int]]] = {
    256: (512, *_gib(1, 2)),
    512: _gib(*range(1, 5)),
    1024: _gib(*range(2, 9)),
    2048: _gib(*range(4, 17)),
    4096: _gib(*range(8, 31)),
    8192: _gib(*range(16, 61, 4)),
    16384: _gib(*range(32, 121, 8)),
    32768: _gib(60, 120, 244),
}
"""CPU units, and the MiB of memory that a task with them may have."""

_LONGEST_LIST: Final = 4


def nearest_memory(cpu: int, memory: int) -> int:
    """Return the size nearest to `memory`; of two equally near ones the larger, for the app must fit."""
    return min(MEMORY_BY_CPU[cpu], key=lambda size: (abs(size - memory), -size))


def sizes_for(cpu: int) -> str:
    """Return the memory that goes with this CPU, for a person to read."""
    sizes = MEMORY_BY_CPU[cpu]
    step = sizes[-1] - sizes[-2]
    if len(sizes) > _LONGEST_LIST and all(after - before == step for before, after in pairwise(sizes)):
        return f"{sizes[0]} to {sizes[-1]} MiB in steps of {step}"
    return f"{', '.join(map(str, sizes))} MiB"
