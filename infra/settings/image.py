"""Where the image comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from infra.settings.model import Fault, Model, Pattern, Variables
from infra.settings.names import ImageReference, StackName

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_Repository = Annotated[
    str,
    Pattern(
        "the name of an ECR repository: 2 to 256 lowercase letters and digits, between them . _ - /",
        r"(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*",
    ),
]


class ImageSettings(Model):
    """Where the image comes from: built from `app_path`, another stack's, or ready."""

    app_path: Annotated[str, Pattern("a folder, from the project's root", r"[^/][\s\S]*")] = "app"
    """Folder with the app and its Dockerfile, from the project's root."""
    build_args: Variables = Field(default_factory=dict)
    """Arguments for the Dockerfile, by name."""
    repository: _Repository | None = None
    """Existing ECR repository that several stacks share; empty makes one for this stack."""
    image_from: StackName | None = None
    """Stack whose running image, by digest, is deployed instead of building; needs `repository`."""
    image: ImageReference | None = None
    """Image to deploy instead of building; a tag is resolved to its digest."""
    retained_images: int = Field(default=30, ge=1, le=10_000)
    """How many images the repository keeps before the oldest expire."""

    def _rules(self) -> Iterator[Fault]:
        source = self.image_from
        if source is None:
            return
        if self.image is not None:
            both = f"one of `image` ({self.image}) and `image-from`, not both"
            yield Fault(both, ("image-from",), source)
        if self.repository is None:
            needs = "needs `repository`: the shared repository from which both stacks pull the image"
            yield Fault(needs, ("image-from",), source)
