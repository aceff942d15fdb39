"""Errors about roles and capacity providers that are so new that other AWS services do not know them yet."""

from __future__ import annotations

import re
from typing import Final

# https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/414,
# https://github.com/pulumi/pulumi-awsx/issues/927: up to half a minute.
_MESSAGES: Final = re.compile(
    r"iam:PassRole|unable to assume the (?:service.linked )?role|role is not (?:valid|authorized)"
    r"|role .*(?:trust|does not exist|cannot be assumed)|Invalid IAM Instance Profile|Nonexistent role"
    # https://github.com/pulumi/pulumi-aws/issues/6061: managed instances, for half a minute.
    r"|capacity provider .*is not in an ACTIVE state",
    re.IGNORECASE,
)

TRIES: Final = 13
PAUSE_SECONDS: Final = 5.0
"""13 tries take a minute."""


def is_new_role_error(message: str) -> bool:
    """Return whether an error disappears once IAM's change has reached all of AWS."""
    return _MESSAGES.search(message) is not None
