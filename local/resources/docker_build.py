"""`docker-build:index:Image`: builds for this machine's processor and pushes to the emulator's registry."""

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
    """An image; its id is the digest of the first push.

    `check` adds the input `contextHash`, so that a changed file is in the diff, as in the provider
    (pulumi-docker-build provider/internal/image.go, Diff).
    """

    token = "docker-build:index:Image"
    # pulumi-docker-build provider/internal/image.go, Diff has only updates.
    force_new = frozenset[str]()
    in_place = frozenset({"buildArgs", "context", "contextHash", "dockerfile", "secrets", "tags", "target"})
    # The daemon has its own cache, and builds for this machine's platform; the others do not change the
    # image.
    creation_only = frozenset({
        "buildOnPreview", "cacheFrom", "cacheTo", "ignoreSecretsInDiffCalculation", "network", "platforms",
        "push", "registries",
    })  # fmt: skip
    known_after_update = frozenset({"digest", "ref"})

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Hash the build context, and refuse what cannot be built or pushed."""
        del old
        tags: Any = new.get("tags")
        if not isinstance(tags, Unknown):
            if not new.get("push") or len(tags or []) != 1:
                raise ResourceError(f"image {name!r}: the local run needs `push` and exactly one tag")
            if not isinstance(tags[0], Unknown):
                _repository_and_tag(cloud, new)
        if any(isinstance(new.get(key), Unknown) for key in ("context", "dockerfile")):
            return new
        return {**new, "contextHash": context_hash(*_paths(new))}

    def diff(self, old: Properties, new: Properties) -> Any:
        """Ignore secrets with `ignoreSecretsInDiffCalculation`."""
        if new.get("ignoreSecretsInDiffCalculation"):
            old = {**old, "secrets": new.get("secrets")}
        return super().diff(old, new)

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """Ignore the registry's password, which is valid for twelve hours."""
        if key == "registries":
            old, new = (
                [{**login, "password": None} for login in cast("list[Properties]", logins or [])]
                for logins in (old, new)
            )
        return super().is_same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find it by its tag if the repository is immutable: a second push would be refused."""
        del urn
        digest = _pushed_digest(cloud, inputs)
        return digest if digest is not None and not cloud.is_known(self.token, digest) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Build and push."""
        own = _PLATFORMS[machine_architecture()]
        platforms = cast("list[str]", inputs.get("platforms") or [])
        with cloud.working_on(urn):
            if platforms and platforms != [own]:
                cloud.progress(f"built for {own}, this machine's platform, instead of {', '.join(platforms)}")
            return _pushed_digest(cloud, inputs) or _build_and_push(cloud, inputs)

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the image's reference, None if the registry does not have it: it is then pushed again."""
        del id
        repository, tag = _repository_and_tag(cloud, inputs)
        details = describe_image(cloud, repository, imageTag=tag)
        if details is None:
            return None
        digest = str(details["imageDigest"])
        own = {"digest": digest, "ref": f"{inputs['tags'][0]}@{digest}"}
        return {**{key: inputs.get(key) for key in self.in_place | self.creation_only}, **own}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Build and push again; earlier tags are kept for a rollback, as in the provider."""
        del id, old
        if _pushed_digest(cloud, new) is None:
            _build_and_push(cloud, new)
        elif "tags" not in changed:
            raise ResourceError(
                f"tag {new['tags'][0]} belongs to an earlier build and its repository is immutable: "
                f"change the tag together with {', '.join(changed)}",
            )

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Remove the image from the registry and from the daemon."""
        from local.images import remove_image

        digest, (repository, _) = str(outputs.get("digest") or id), _repository_and_tag(cloud, outputs)
        missing, ids = ("RepositoryNotFoundException",), [{"imageDigest": digest}]
        call(
            cloud,
            "ecr",
            "batch_delete_image",
            ignored_codes=missing,
            repositoryName=repository,
            imageIds=ids,
        )
        try:
            client = connect()
        except DockerError:
            # Without a daemon there is no image to remove.
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
    digest = push(tag, username="AWS", password="any")  # noqa: S106 -- the emulator accepts any
    layers.keep(digest)
    return digest


def context_hash(context: Path, dockerfile: Path) -> str:
    """Hash the Dockerfile and all files of the context: contents, names and modes.

    Ignore files are not read: the program stages only the files that a build sees.

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
            "the local run does not support dockerfile.inline: write it to a file and set dockerfile.location"
        )
    if context.get("named"):
        raise ResourceError("the local run does not support context.named: copy its files into the context")
    folder = Path(context.get("location") or ".")
    return folder, Path(dockerfile.get("location") or folder / "Dockerfile")


def _repository_and_tag(cloud: Cloud, properties: Properties) -> tuple[str, str]:
    """Return repository and version of a tag in the emulator's registry, the only one for pushes."""
    host, tag = registry_host(cloud), str(properties["tags"][0])
    registry, _, rest = tag.partition("/")
    if registry != host:
        raise ResourceError(
            f"tag {tag!r} is not in the emulator's registry: the local run pushes to {host}/... only; "
            f"build the tag from the repository's `repository_url`",
        )
    repository, _, version = rest.partition(":")
    return repository, version or "latest"


def _pushed_digest(cloud: Cloud, inputs: Properties) -> str | None:
    """Return the digest of an existing immutable tag."""
    repository, tag = _repository_and_tag(cloud, inputs)
    details = describe_image(cloud, repository, imageTag=tag)
    if details is None:
        return None
    described = call(cloud, "ecr", "describe_repositories", repositoryNames=[repository])["repositories"][0]
    return str(details["imageDigest"]) if described.get("imageTagMutability") == "IMMUTABLE" else None
