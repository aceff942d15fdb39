"""What a stack's file says, by the rules that the program itself asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from automation.errors import AutomationError
from infra.settings import parse
from local.engine.errors import EngineError
from local.engine.project import load
from local.home import passphrase

if TYPE_CHECKING:
    from infra.settings import Settings


def settings_of(stack: str, root: Path) -> Settings:
    """Return a stack's settings.

    Raises:
        AutomationError: it has no file, or one that is wrong.
    """
    try:
        config = load(root, stack, passphrase())
        return parse(config.values, project=config.project, stack=stack, secret_keys=config.secret_keys)
    except (EngineError, pulumi.RunError) as error:
        raise AutomationError(str(error)) from error
