"""The IAM actions of each resource type, function and call, from actions.yaml."""

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
    """The actions of the stacks' program, by what needs them."""

    resources: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By type token and step; a missing step needs no actions."""
    components: Mapping[str, tuple[str, ...]]
    """Types of the children of remote components, by token."""
    functions: Mapping[str, tuple[str, ...]]
    rollout: tuple[str, ...]
    """Called by the program itself."""
    commands: tuple[str, ...]
    """Called by the commands, in previews too."""
    owned: frozenset[str]
    """Actions that change or delete a resource, and for which AWS compares the tags of all resources."""

    @property
    def of_deployments(self) -> frozenset[str]:
        """All actions."""
        return frozenset(
            {
                *(
                    action
                    for steps in self.resources.values()
                    for actions in steps.values()
                    for action in actions
                ),
                *(action for actions in self.functions.values() for action in actions),
                *self.rollout,
                *self.commands,
            }
        )

    @property
    def of_previews(self) -> frozenset[str]:
        """Actions that only read."""
        return frozenset(
            {
                *(action for steps in self.resources.values() for action in steps.get("read", ())),
                *(action for actions in self.functions.values() for action in actions),
                *self.commands,
            }
        )


@cache
def load_actions() -> Actions:
    """Read actions.yaml."""
    document = cast("dict[str, Any]", yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    return Actions(
        resources={
            token: {step: tuple(actions) for step, actions in steps.items()}
            for token, steps in cast("dict[str, dict[str, list[str]]]", document["resources"]).items()
        },
        components={token: tuple(children) for token, children in document["components"].items()},
        functions={token: tuple(actions) for token, actions in document["functions"].items()},
        rollout=tuple(document["rollout"]),
        commands=tuple(document["commands"]),
        owned=frozenset(document["owned"]),
    )
