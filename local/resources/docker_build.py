"""`docker-build:index:Image`: the real image, for this machine's processor, in the emulator's registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from docker.errors import DockerException
from docker.utils.build import exclude_paths

from local.docker import LABEL, DockerError, connect, engine, machine_architecture
from local.image_build import build, has_fixed_bases
from local.images import push, remove_image, with_label
from local.resources.aws_calls import explained, tolerating
from local.resources.base import Handler, Properties, ResourceError, Unknown
from local.resources.ecr import describe_image, registry_host

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

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
    in_place = frozenset({"buildArgs", "context", "contextHash", "dockerfile", "labels", "tags", "target"})
    # Registry caches make a build on another machine quick; here the daemon's own cache is always at hand.
    # Platforms and the builder are this machine's; credentials and switches of the build change no image.
    settled_at_creation = frozenset({
        "buildOnPreview", "builder", "cacheFrom", "cacheTo", "exec", "load", "network", "noCache",
        "platforms", "pull", "push", "registries",
    })  # fmt: skip
    renewed_by_update = frozenset({"digest", "ref"})

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Hash what is built, and refuse what cannot be built or must not be pushed from here."""
        checked = super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)
        context, dockerfile = checked.get("context"), checked.get("dockerfile")
        if not isinstance(context, Unknown) and not isinstance(dockerfile, Unknown):
            checked["contextHash"] = context_hash(*_paths(checked))
        for tag in cast("list[Any]", checked.get("tags") or []):
            if isinstance(tag, str):
                _repository_and_tag(cloud, tag)
        return checked

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Another password is no change: it lasts twelve hours only."""
        if key == "registries":
            return _logins(old) == _logins(new)
        return super().same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag, where the repository's tags cannot be moved: pushing it again would be refused."""
        del urn
        digest = _pushed_digest(cloud, inputs)
        return digest if digest is not None and not cloud.is_known(self.token, digest) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Build and push."""
        with cloud.working_on(urn):
            return self._build_and_push(cloud, inputs)

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

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Build and push again; earlier tags stay for a rollback, as in the provider."""
        del id, old
        if "tags" not in changed and _pushed_digest(cloud, new) is not None:
            raise ResourceError(
                f"tag {_tags(new)[0]} is taken by an earlier build and cannot be moved, as its repository is "
                f"immutable: let the tag change with {', '.join(changed)}",
            )
        self._build_and_push(cloud, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Take the image out of the registry and out of the daemon."""
        digest = str(outputs.get("digest") or id)
        for tag in _tags(outputs):
            repository, _ = _repository_and_tag(cloud, tag)
            if outputs.get("push"):
                with (
                    explained(f"delete image {digest} from ECR repository {repository!r}"),
                    tolerating("RepositoryNotFoundException"),
                ):
                    cloud.client("ecr").batch_delete_image(
                        repositoryName=repository, imageIds=[{"imageDigest": digest}]
                    )
        _remove_local(_tags(outputs), digest)

    def _build_and_push(self, cloud: Cloud, inputs: Properties) -> str:
        own = _PLATFORMS[machine_architecture()]
        asked = cast("list[str]", inputs.get("platforms") or [])
        if asked and asked != [own]:
            cloud.progress(f"built for {own}, which this machine has, instead of {', '.join(asked)}")
        tags = _tags(inputs)
        if inputs.get("push") and (digest := _pushed_digest(cloud, inputs)) is not None:
            return digest
        context, dockerfile = _paths(inputs)
        name = tags[0] if tags else f"node-on-ecs/{context.resolve().name.lower()}"
        content = _content(inputs, dockerfile)
        image = _built_before(content) or build(
            context,
            tag=name,
            build_args=cast("dict[str, str]", inputs.get("buildArgs") or {}),
            dockerfile=str(dockerfile),
            target=inputs.get("target"),
            labels={**cast("dict[str, str]", inputs.get("labels") or {}), **content},
            no_cache=bool(inputs.get("noCache", False)),
            progress=cloud.progress,
        )
        if not inputs.get("push"):
            return image
        digests = [self._push(cloud, image, tag) for tag in tags]
        return digests[0] if digests else image

    def _push(self, cloud: Cloud, image: str, tag: str) -> str:
        client = connect()
        try:
            engine(client).tag(image, *tag.rsplit(":", 1))
        except DockerException as error:
            raise DockerError(f"cannot name image {image} {tag}: {error}") from error
        finally:
            client.close()
        cloud.progress(f"pushing {tag}")
        return push(tag, username="AWS", password="any")  # noqa: S106 -- the emulator takes any


def context_hash(context: Path, dockerfile: Path) -> str:
    """Hash everything that a build sees: contents, names and modes, less what `.dockerignore` leaves out.

    Raises:
        ResourceError: there is no such folder or Dockerfile.
    """
    if not context.is_dir():
        raise ResourceError(f"context.location {str(context)!r} is no folder: correct the path of the app")
    if not dockerfile.is_file():
        raise ResourceError(
            f"there is no Dockerfile at {str(dockerfile)!r}: create it, or set dockerfile.location"
        )
    digest = hashlib.sha256(dockerfile.read_bytes())
    for name in sorted(exclude_paths(str(context), _ignored(context, dockerfile))):
        path = context / name
        if path.is_symlink():
            content = str(path.readlink()).encode()
        elif path.is_file():
            content = path.read_bytes()
        else:
            continue
        facts = f"{Path(name).as_posix()}\0{path.lstat().st_mode & 0o7777:o}\0{len(content)}\0"
        digest.update(facts.encode() + content)
    return digest.hexdigest()


def _content(inputs: Properties, dockerfile: Path) -> dict[str, str]:
    """Return the label of an image that can stand for another build of the same; none where it cannot."""
    arguments = cast("dict[str, str]", inputs.get("buildArgs") or {})
    if inputs.get("noCache") or not has_fixed_bases(dockerfile, arguments):
        return {}
    facts = {key: inputs.get(key) for key in ("contextHash", "buildArgs", "target", "labels")}
    return {_CONTENT: hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()}


def _built_before(content: Mapping[str, str]) -> str | None:
    """Return the image that has this label: asking the builder for it again would take a second."""
    if not content:
        return None
    client = connect()
    try:
        return with_label(client, _CONTENT, content[_CONTENT])
    finally:
        client.close()


def _ignored(context: Path, dockerfile: Path) -> list[str]:
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if file.is_file():
            lines = (line.strip() for line in file.read_text().splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _paths(inputs: Properties) -> tuple[Path, Path]:
    location = cast("Properties", inputs.get("context") or {}).get("location") or "."
    context = Path(str(location))
    asked = cast("Properties", inputs.get("dockerfile") or {})
    if asked.get("inline"):
        raise ResourceError(
            "dockerfile.inline is not known here: put it into a file and set dockerfile.location"
        )
    named = cast("Properties", inputs.get("context") or {}).get("named")
    if named:
        raise ResourceError("context.named is not known here: copy what it names into the context")
    return context, Path(str(asked["location"])) if asked.get("location") else context / "Dockerfile"


def _tags(properties: Properties) -> list[str]:
    return cast("list[str]", properties.get("tags") or [])


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
    with explained(f"read ECR repository {repository!r}"):
        found = cloud.client("ecr").describe_repositories(repositoryNames=[repository])["repositories"][0]
    return str(details["imageDigest"]) if found.get("imageTagMutability") == "IMMUTABLE" else None


def _logins(registries: Any) -> list[tuple[Any, Any]]:
    if not isinstance(registries, list):
        return []
    logins = cast("list[Properties]", registries)
    return [(login.get("address"), login.get("username")) for login in logins]


def _remove_local(tags: list[str], digest: str) -> None:
    try:
        client = connect()
    except DockerError:
        return
    try:
        for tag in tags:
            remove_image(client, tag)
            remove_image(client, f"{tag.rpartition(':')[0]}@{digest}")
    finally:
        client.close()
