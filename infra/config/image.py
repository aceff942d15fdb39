"""Rules for where the image comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra.config.names import ENVIRONMENT_NAME, ENVIRONMENT_NAME_FORM
from infra.settings import Architecture, ImageSettings

if TYPE_CHECKING:
    from infra.config.record import Record

_ARCHITECTURES: Final[tuple[Architecture, ...]] = ("arm64", "x86_64")
_FOLDER: Final = re.compile(r"[^/].*")
STACK_NAME: Final = re.compile(r"(?:[\w.-]+/[\w.-]+/)?[\w.-]+", re.ASCII)
STACK_NAME_FORM: Final = "the name of a stack, such as staging or organization/project/staging"

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_PATH: Final = r"[a-z0-9]+(?:[._/-][a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"(?=.{{2,256}}$){_PATH}")

# https://github.com/distribution/reference: host, path, tag, digest.
IMAGE_REFERENCE: Final = re.compile(
    r"(?:(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d{1,5})?|[A-Za-z0-9-]+:\d{1,5}|localhost)/)?"
    r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*"
    r"(?::\w[\w.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
IMAGE_REFERENCE_FORM: Final = (
    "a registry reference such as nginx:1.29 or registry.example.com/team/app@sha256:…"
)


def read_image(config: Record, *, project: str, stack: str) -> ImageSettings:
    """Read where the image comes from."""
    faults = config.faults
    repository = config.optional_text(
        "repository",
        allowed="the name of an ECR repository: 2 to 256 lowercase letters and digits, between them . _ - /",
        pattern=_REPOSITORY,
    )
    image_from = config.optional_text(
        "image-from",
        allowed=STACK_NAME_FORM,
        pattern=STACK_NAME,
    )
    image = config.optional_text("image", allowed=IMAGE_REFERENCE_FORM, pattern=IMAGE_REFERENCE)
    if image_from is not None:
        if image is not None:
            faults.add("image-from", image_from, f"one of `image` ({image}) and `image-from`, not both")
        if repository is None and not faults.found_at("repository"):
            faults.add(
                "image-from",
                image_from,
                "needs `repository`: the shared repository from which both stacks pull the image",
            )
        if is_this_stack(image_from, project=project, stack=stack):
            faults.add("image-from", image_from, "another stack than this one")
    return ImageSettings(
        app_path=config.text("app-path", allowed="a folder, from the project's root", pattern=_FOLDER),
        build_args=config.strings("build-args", pattern=ENVIRONMENT_NAME, named=ENVIRONMENT_NAME_FORM),
        architecture=config.choice("architecture", _ARCHITECTURES),
        repository=repository,
        image_from=image_from,
        image=image,
        retained_images=config.whole("retained-images", 1),
    )


def is_this_stack(name: str, *, project: str, stack: str) -> bool:
    """Whether a stack's name, alone or in full, is that of the stack that is read."""
    return name in (stack, f"{name.partition('/')[0]}/{project}/{stack}")
