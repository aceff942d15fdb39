"""The two processors, and which of them an EC2 instance type has."""

from __future__ import annotations

import re
from typing import Final, Literal

Architecture = Literal["arm64", "x86_64"]

# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html: letters, the generation, and
# then options, of which g is AWS Graviton. The first generation of Graviton has no g in its name.
_FAMILY: Final = re.compile(r"[a-z]+(?:-)?\d+(?P<options>[a-z0-9-]*)")


def architecture_of(instance_type: str) -> Architecture | None:
    """Return the processor that a type's name tells; None for a pattern or a name of another form."""
    family = instance_type.partition(".")[0]
    found = _FAMILY.fullmatch(family)
    if found is None:
        return None
    return "arm64" if family == "a1" or "g" in found["options"] else "x86_64"
