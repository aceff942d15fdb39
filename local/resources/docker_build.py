"""`docker-build:index:Image`: the real image, for this machine's processor, in the emulator's registry."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from local.docker import LABEL, DockerError, connect, docker_engine, machine_architecture
from local.resources.aws_calls import call
from local.resources.base import Handler, Names, Properties, ResourceError, Unknown
from local.resources.cloud import Cloud
from local.resources.ecr import describe_image, registry_host

_CONTENT: Final = f"{LABEL}.content"
"""Label with the hash of all that an image was built from."""
_PLATFORMS: Final = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


class Image(Handler):
    """An image that is built and pushed; its id is the digest it was first pushed with.

    `contextHash` is an input here, added by `check`, so that a changed file shows in the diff as it does
    in the provider (pulumi-docker-build provider/internal/image.go, Diff).
    """

    token = "docker-build:index:Image"
    # Nothing makes a new one: pulumi-docker-build provider/internal/image.go, Diff has updates only.
    force_new = dict.fromkeys((), "")
    in_place = frozenset(
        {"buildArgs", "context", "contextHash", "dockerfile", "labels", "secrets", "tags", "target"}
    )
    # Registry caches make a build on another machine quick; here the daemon's own cache is there.
    # Platforms and the builder are this machine's; credentials and switches of the build change no image.
    settled_at_creation = frozenset({
        "buildOnPreview", "builder", "cacheFrom", "cacheTo", "exec", "ignoreSecretsInDiffCalculation", "load",
        "network", "noCache", "platforms", "pull", "push", "registries",
    })  # fmt: skip
    renewed_by_update = frozenset({"digest", "ref"})

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Hash what is built, and refuse what cannot be built or must not be pushed from here."""
        del name, old
        for tag in _tags(new):
            if not isinstance(tag, Unknown):
                _repository_and_tag(cloud, tag)
        if any(isinstance(new.get(key), Unknown) for key in ("context", "dockerfile")):
            return new
        return {**new, "contextHash": context_hash(*_paths(new))}

    def diff(self, old: Properties, new: Properties) -> Any:
        """Secrets may be left out of it."""
        if new.get("ignoreSecretsInDiffCalculation"):
            old = {**old, "secrets": new.get("secrets")}
        return super().diff(old, new)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Another password is no change: it lasts twelve hours only."""
        if key == "registries":
            old, new = (
                [{**login, "password": None} for login in cast("list[Properties]", logins or [])]
                for logins in (old, new)
            )
        return super().same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag, where the repository's tags cannot be moved: pushing it again would be refused."""
        del urn
        digest = _pushed_digest(cloud, inputs)
        return digest if digest is not None and not cloud.is_known(self.token, digest) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Build and push."""
        own = _PLATFORMS[machine_architecture()]
        asked = cast("list[str]", inputs.get("platforms") or [])
        with cloud.working_on(urn):
            if asked and asked != [own]:
                cloud.progress(f"built for {own}, which this machine has, instead of {', '.join(asked)}")
            return _pushed_digest(cloud, inputs) or _build_and_push(cloud, inputs)

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return where the image is, None when the registry does not have it: then it is pushed again."""
        tags = _tags(inputs)
        outputs: Properties = {key: inputs.get(key) for key in self.in_place | self.settled_at_creation}
        if not tags or not inputs.get("push"):
            return {**outputs, "digest": id, "ref": tags[0] if tags else None}
        repository, tag = _repository_and_tag(cloud, tags[0])
        details = describe_image(cloud, repository, imageTag=tag)
        if details is None:
            return None
        digest = str(details["imageDigest"])
        return {**outputs, "digest": digest, "ref": f"{tags[0]}@{digest}"}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Build and push again; earlier tags stay for a rollback, as in the provider."""
        del id, old
        if _pushed_digest(cloud, new) is None:
            _build_and_push(cloud, new)
        elif "tags" not in changed:
            raise ResourceError(
                f"tag {_tags(new)[0]} is taken by an earlier build and cannot be moved, as its repository is "
                f"immutable: let the tag change with {', '.join(changed)}",
            )

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Remove the image from the registry and from the daemon."""
        digest, tags = str(outputs.get("digest") or id), _tags(outputs)
        for tag in tags if outputs.get("push") else []:
            repository, _ = _repository_and_tag(cloud, tag)
            gone: dict[str, Any] = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
            call(cloud, "ecr", "batch_delete_image", absent=("RepositoryNotFoundException",), **gone)
        from local.images import remove_image

        try:
            client = connect()
        except DockerError:
            # Without a daemon it has no image.
            return
        with closing(client):
            for tag in tags:
                remove_image(client, tag)
                remove_image(client, f"{tag.rpartition(':')[0]}@{digest}")


def _build_and_push(cloud: Cloud, inputs: Properties) -> str:
    """Build, unless the same was built before, and push; return the digest, the image's id without a push."""
    from local.image_build import Build, has_fixed_bases
    from local.images import push, with_label

    context, dockerfile = _paths(inputs)
    tags = _tags(inputs)
    # An image can stand for another build of the same where nothing else goes into it.
    repeatable = not inputs.get("noCache") and not inputs.get("secrets")
    if repeatable and has_fixed_bases(dockerfile, inputs.get("buildArgs") or {}):
        facts = {key: inputs.get(key) for key in ("contextHash", "buildArgs", "target", "labels")}
        content = {_CONTENT: hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()}
    else:
        content = dict[str, str]()
    # Asking the builder for it again would take a second.
    image = with_label(_CONTENT, content[_CONTENT]) if content else None
    image = (
        image
        or Build(
            context,
            tag=tags[0] if tags else f"node-on-ecs/{context.resolve().name.lower()}",
            dockerfile=dockerfile,
            build_args=inputs.get("buildArgs") or {},
            target=inputs.get("target"),
            labels={**(inputs.get("labels") or {}), **content},
            secrets=inputs.get("secrets") or {},
            no_cache=bool(inputs.get("noCache", False)),
            progress=cloud.progress,
        ).run()
    )
    digests: list[str] = []
    for tag in tags if inputs.get("push") else []:
        with docker_engine(f"name image {image} {tag}") as api:
            api.tag(image, *tag.rsplit(":", 1))
        cloud.progress(f"pushing {tag}")
        digests.append(push(tag, username="AWS", password="any"))  # noqa: S106 -- the emulator takes any
    return digests[0] if digests else image


def context_hash(context: Path, dockerfile: Path) -> str:
    """Hash the Dockerfile and all that is in the context: contents, names and modes.

    What an ignore file leaves out counts, too: the program stages just what a build sees.

    Raises:
        ResourceError: there is no such folder or Dockerfile, or a file cannot be read.
    """
    if not context.is_dir():
        raise ResourceError(f"context.location {str(context)!r} is no folder: correct the path of the app")
    if not dockerfile.is_file():
        raise ResourceError(
            f"there is no Dockerfile at {str(dockerfile)!r}: create it, or set dockerfile.location"
        )
    try:
        digest = hashlib.sha256(dockerfile.read_bytes())
        for path in sorted(context.rglob("*")):
            if not path.is_symlink() and not path.is_file():
                continue
            content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            facts = f"{path.relative_to(context)}\0{path.lstat().st_mode & 0o7777:o}\0{len(content)}\0"
            digest.update(facts.encode() + content)
    except OSError as error:
        raise ResourceError(f"cannot read {error.filename}: {error.strerror}; the build needs it") from error
    return digest.hexdigest()


def _paths(inputs: Properties) -> tuple[Path, Path]:
    """Return context and Dockerfile."""
    context: Properties = inputs.get("context") or {}
    dockerfile: Properties = inputs.get("dockerfile") or {}
    if dockerfile.get("inline"):
        raise ResourceError(
            "dockerfile.inline is not known here: put it into a file and set dockerfile.location"
        )
    if context.get("named"):
        raise ResourceError("context.named is not known here: copy what it names into the context")
    folder = Path(context.get("location") or ".")
    return folder, Path(dockerfile.get("location") or folder / "Dockerfile")


def _tags(properties: Properties) -> list[Any]:
    return properties.get("tags") or []


def _repository_and_tag(cloud: Cloud, tag: str) -> tuple[str, str]:
    """Return repository and version of a tag in the emulator's registry, the only one that is pushed to."""
    host = registry_host(cloud)
    registry, _, rest = tag.partition("/")
    if registry != host:
        raise ResourceError(
            f"tag {tag!r} is not in the emulator's registry: the local run pushes to {host}/... only; "
            f"take the tag from the repository's `repository_url`",
        )
    repository, _, version = rest.partition(":")
    return repository, version or "latest"


def _pushed_digest(cloud: Cloud, inputs: Properties) -> str | None:
    """Return the digest behind an immutable tag that is there already."""
    tags = _tags(inputs)
    if not tags or not inputs.get("push"):
        return None
    repository, tag = _repository_and_tag(cloud, tags[0])
    details = describe_image(cloud, repository, imageTag=tag)
    if details is None:
        return None
    found = call(cloud, "ecr", "describe_repositories", repositoryNames=[repository])["repositories"][0]
    return str(details["imageDigest"]) if found.get("imageTagMutability") == "IMMUTABLE" else None
