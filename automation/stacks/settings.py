"""What a stack's file says, by the rules of the program itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from automation.errors import AutomationError
from automation.stack_files import read_config
from infra.settings import parse

if TYPE_CHECKING:
    from infra.settings import Settings


def settings_of(stack: str, root: Path) -> Settings:
    """Return a stack's settings.

    Raises:
        AutomationError: it has no file, or one that is wrong.
    """
    config = read_config(root, stack)
    try:
        return parse(config.values, project=config.project, stack=stack, secret_keys=config.secret_keys)
    except pulumi.RunError as error:
        raise AutomationError(str(error)) from error
