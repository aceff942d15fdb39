"""Controls of ECR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import Control
from policies.resources import Declaration, Resource

REPOSITORY: Final = "aws:ecr/repository:Repository"
LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def _unscanned(repository: Resource, _: Declaration) -> Iterator[str]:
    if not repository.get("imageScanningConfiguration.scanOnPush"):
        yield "does not scan what is pushed"


def _mutable(repository: Resource, _: Declaration) -> Iterator[str]:
    if repository.get("imageTagMutability") != "IMMUTABLE":
        yield "lets a tag move to another image"


def _everlasting(repository: Resource, declaration: Declaration) -> Iterator[str]:
    if not declaration.related(repository, "repository", LIFECYCLE):
        yield "keeps its images for ever"


CONTROLS: Final = (
    Control(
        id="ECR.1",
        title="Repositories scan images",
        types=(REPOSITORY,),
        check=_unscanned,
        fix="imageScanningConfiguration.scanOnPush true",
    ),
    Control(
        id="ECR.2",
        title="Tags are immutable",
        types=(REPOSITORY,),
        check=_mutable,
        fix="imageTagMutability IMMUTABLE; a build cache, which is one moving tag, is an exception",
    ),
    Control(
        id="ECR.3",
        title="Repositories have a lifecycle policy",
        types=(REPOSITORY,),
        check=_everlasting,
        fix="an aws.ecr.LifecyclePolicy for the repository",
    ),
)
