"""The list of actions as data: what each resource type, function and call needs of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = Path(__file__).with_name("actions.yaml")


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What the stacks' program may ask of AWS, by what asks for it."""

    resources: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By type token and step; a step that is not there asks for nothing."""
    components: Mapping[str, tuple[str, ...]]
    """What a component that lives in a provider makes, by token."""
    functions: Mapping[str, tuple[str, ...]]
    rollout: tuple[str, ...]
    """Asked for by the program itself."""
    commands: tuple[str, ...]
    """Asked for by the commands that drive it, in previews too."""
    owned: frozenset[str]
    """Those that change or remove a thing, and for which AWS compares the tags of all that they touch."""

    @property
    def of_deployments(self) -> frozenset[str]:
        """All of it."""
        return frozenset(
            {
                *(action for steps in self.resources.values() for of in steps.values() for action in of),
                *(action for of in self.functions.values() for action in of),
                *self.rollout,
                *self.commands,
            },
        )

    @property
    def of_previews(self) -> frozenset[str]:
        """What only looks."""
        return frozenset(
            {
                *(action for steps in self.resources.values() for action in steps.get("read", ())),
                *(action for of in self.functions.values() for action in of),
                *self.commands,
            },
        )


@cache
def load_actions() -> Actions:
    """Read the list."""
    document = cast("dict[str, Any]", yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    return Actions(
        resources={
            token: {step: tuple(actions) for step, actions in steps.items()}
            for token, steps in cast("dict[str, dict[str, list[str]]]", document["resources"]).items()
        },
        components={token: tuple(made) for token, made in document["components"].items()},
        functions={token: tuple(actions) for token, actions in document["functions"].items()},
        rollout=tuple(document["rollout"]),
        commands=tuple(document["commands"]),
        owned=frozenset(document["owned"]),
    )
