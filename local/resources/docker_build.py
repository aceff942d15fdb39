"""`docker-build:index:Image`: the real image, for this machine's processor, in the emulator's registry."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from local.docker import DockerError, connect, machine_architecture
from local.layer_cache import LayerCache, layers_of
from local.resources.aws_calls import call
from local.resources.base import Handler, Names, Properties, ResourceError, Unknown
from local.resources.cloud import Cloud
from local.resources.ecr import describe_image, registry_host

_PLATFORMS: Final = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


class Image(Handler):
    """An image that is built and pushed; its id is the digest it was first pushed with.

    `contextHash` is an input here, added by `check`, so that a changed file shows in the diff as it does
    in the provider (pulumi-docker-build provider/internal/image.go, Diff).
    """

    token = "docker-build:index:Image"
    # Nothing makes a new one: pulumi-docker-build provider/internal/image.go, Diff has updates only.
    force_new = frozenset[str]()
    in_place = frozenset({"buildArgs", "context", "contextHash", "dockerfile", "secrets", "tags", "target"})
    # Registry caches make a build on another machine quick; here the daemon's own cache is there.
    # Platforms are this machine's; credentials and switches of the build change no image.
    settled_at_creation = frozenset({
        "buildOnPreview", "cacheFrom", "cacheTo", "ignoreSecretsInDiffCalculation", "network", "platforms",
        "push", "registries",
    })  # fmt: skip
    renewed_by_update = frozenset({"digest", "ref"})

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Hash what is built, and refuse what cannot be built or must not be pushed from here."""
        del old
        tags: Any = new.get("tags")
        if not isinstance(tags, Unknown):
            if not new.get("push") or len(tags or []) != 1:
                raise ResourceError(f"image {name!r} cannot be pushed from here: set `push`, and one tag")
            if not isinstance(tags[0], Unknown):
                _repository_and_tag(cloud, new)
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
        del id
        repository, tag = _repository_and_tag(cloud, inputs)
        details = describe_image(cloud, repository, imageTag=tag)
        if details is None:
            return None
        digest = str(details["imageDigest"])
        own = {"digest": digest, "ref": f"{inputs['tags'][0]}@{digest}"}
        return {**{key: inputs.get(key) for key in self.in_place | self.settled_at_creation}, **own}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Build and push again; earlier tags stay for a rollback, as in the provider."""
        del id, old
        if _pushed_digest(cloud, new) is None:
            _build_and_push(cloud, new)
        elif "tags" not in changed:
            raise ResourceError(
                f"tag {new['tags'][0]} is taken by an earlier build and cannot be moved, as its repository "
                f"is immutable: let the tag change with {', '.join(changed)}",
            )

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Remove the image from the registry and from the daemon."""
        from local.images import remove_image

        digest, (repository, _) = str(outputs.get("digest") or id), _repository_and_tag(cloud, outputs)
        gone: dict[str, Any] = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
        call(cloud, "ecr", "batch_delete_image", absent=("RepositoryNotFoundException",), **gone)
        try:
            client = connect()
        except DockerError:
            # Without a daemon it has no image.
            return
        with closing(client):
            tag = str(outputs["tags"][0])
            remove_image(client, tag)
            remove_image(client, f"{tag.rpartition(':')[0]}@{digest}")


def _build_and_push(cloud: Cloud, inputs: Properties) -> str:
    """Build, push, and return the digest."""
    from local.image_build import Build
    from local.images import local_image, push

    context, dockerfile = _paths(inputs)
    tag = str(inputs["tags"][0])
    build = Build(
        context,
        tag=tag,
        dockerfile=dockerfile,
        build_args=inputs.get("buildArgs") or {},
        target=inputs.get("target"),
        secrets=inputs.get("secrets") or {},
        progress=cloud.progress,
    )
    image = build.run()
    repository, _ = _repository_and_tag(cloud, inputs)
    layers = LayerCache(registry=cloud.endpoint, repository=repository, layers=layers_of(local_image(image)))
    cloud.progress(f"pushing {tag}")
    layers.offer()
    digest = push(tag, username="AWS", password="any")  # noqa: S106 -- the emulator takes any
    layers.keep(digest)
    return digest


def context_hash(context: Path, dockerfile: Path) -> str:
    """Hash the Dockerfile and all that is in the context: contents, names and modes.

    What an ignore file leaves out counts, too: the program stages just what a build sees.

    Raises:
        ResourceError: there is no such folder or Dockerfile, or a file cannot be read.
    """
    if not context.is_dir():
        raise ResourceError(f"context.location {str(context)!r} is not a folder: correct `app-path`")
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
            "the local run does not support dockerfile.inline: put it into a file and set dockerfile.location"
        )
    if context.get("named"):
        raise ResourceError("the local run does not support context.named: copy its files into the context")
    folder = Path(context.get("location") or ".")
    return folder, Path(dockerfile.get("location") or folder / "Dockerfile")


def _repository_and_tag(cloud: Cloud, properties: Properties) -> tuple[str, str]:
    """Return repository and version of the tag in the emulator's registry, the only one that is pushed to."""
    host, tag = registry_host(cloud), str(properties["tags"][0])
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
    repository, tag = _repository_and_tag(cloud, inputs)
    details = describe_image(cloud, repository, imageTag=tag)
    if details is None:
        return None
    found = call(cloud, "ecr", "describe_repositories", repositoryNames=[repository])["repositories"][0]
    return str(details["imageDigest"]) if found.get("imageTagMutability") == "IMMUTABLE" else None
