"""The two processors, and which of them an EC2 instance type has."""

from __future__ import annotations

import re
from typing import Final, Literal

Architecture = Literal["arm64", "x86_64"]

# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html: letters, the generation, and
# then options, of which g is AWS Graviton. The first generation of Graviton has no g in its name.
_FAMILY: Final = re.compile(r"[a-z]+(?:-)?\d+(?P<options>[a-z0-9-]*)")


def architecture_of(instance_type: str) -> Architecture | None:
    """Return the processor of an instance type by its name; None for a pattern or another form of name."""
    family = instance_type.partition(".")[0]
    match = _FAMILY.fullmatch(family)
    if match is None:
        return None
    return "arm64" if family == "a1" or "g" in match["options"] else "x86_64"
