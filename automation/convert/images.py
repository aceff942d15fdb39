"""Whether a text names an image, as a stack file may."""

from __future__ import annotations

from typing import Final, get_args

from infra.settings.model import Pattern
from infra.settings.names import ImageReference

_REFERENCE: Final[Pattern] = get_args(ImageReference)[1]


def is_reference(image: str) -> bool:
    """Whether something names an image: what does not would make a service run the main one's."""
    return _REFERENCE.matches(image)
