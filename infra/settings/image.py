"""Where the image comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Model, Pattern, VariableName, Variables, Word
from infra.settings.names import ImageReference, StackName

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_Repository = Annotated[
    str,
    Pattern(
        "the name of an ECR repository: 2 to 256 lowercase letters and digits, between them . _ - /",
        r"(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*",
    ),
]

_RELATIVE: Final = r"[^/][\s\S]*"
_Path = Annotated[str, Pattern("a file, from the project's root", _RELATIVE)]
# https://docs.docker.com/reference/dockerfile/#from
_Stage = Annotated[
    str, Pattern("a stage's name, or its number from 0", r"[a-z][a-z0-9_.-]*|\d+", re.IGNORECASE)
]
_SecretId = Annotated[str, Pattern("letters, digits and _ . -", r"[\w.-]{1,255}")]


class BuildSecret(Model):
    """Where a build's secret is on the machine that deploys: in a variable, or in a file."""

    env: VariableName | None = None
    """Name of the environment variable."""
    file: Word | None = None
    """Path of the file; `~` is the user's home."""

    def _rules(self) -> Iterator[Fault]:
        if (self.env is None) == (self.file is None):
            yield Fault((), "one of `env`, the name of a variable, and `file`, a path")


class ImageSettings(Model):
    """Where the image comes from: built from `app_path`, another stack's, or ready."""

    app_path: Annotated[str, Pattern("a folder, from the project's root", _RELATIVE)] = "app"
    """Folder with the app and its Dockerfile, from the project's root."""
    build_args: Variables = Field(default_factory=dict)
    """Arguments for the Dockerfile, by name."""
    dockerfile: _Path | None = None
    """Dockerfile, from the project's root; empty for the one in `app-path`."""
    build_target: _Stage | None = None
    """Stage of the Dockerfile to build; empty for the last one."""
    build_secrets: dict[_SecretId, BuildSecret] = Field(default_factory=dict)
    """Secrets for `RUN --mount=type=secret,id=…`, by id: each from a variable or a file of the machine that
    deploys. They are in no image and no log, and in the state only encrypted."""
    repository: _Repository | None = None
    """Existing ECR repository that several stacks share; empty creates one for this stack."""
    image_from: StackName | None = None
    """Stack whose running image, by digest, is deployed instead of building; needs `repository`."""
    image: ImageReference | None = None
    """Image to deploy instead of building; a tag is resolved to its digest."""
    retained_images: int = Field(default=30, ge=1, le=10_000)
    """How many images the repository keeps before the oldest expire."""

    def _rules(self) -> Iterator[Fault]:
        if self.image is not None:
            yield from self.refuse(f"one of `image` ({self.image}) and `image-from`, not both", "image-from")
        if self.repository is None:
            needs = "needs `repository`: the shared repository from which both stacks pull the image"
            yield from self.refuse(needs, "image-from")
