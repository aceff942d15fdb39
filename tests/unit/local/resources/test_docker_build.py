"""An image changes with its build context, and is pushed to this machine only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.resources.base import UNKNOWN, ResourceError
from local.resources.cloud import Cloud
from local.resources.docker_build import Image, context_hash

HANDLER = Image()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud("http://127.0.0.1:4566")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (folder / "src" / "server.js").write_text("one")
    (folder / "src" / "server.js").chmod(0o644)
    (folder / "link").symlink_to("/etc")
    return folder


def check(cloud: Cloud, app: Path, **more: Any) -> dict[str, Any]:
    inputs = {"push": True, "context": {"location": str(app)}, "tags": ["localhost:4566/app:1"], **more}
    return HANDLER.check(cloud, name="app", old=None, new=inputs, random_hex="0123456789")


def test_a_changed_file_updates_the_image_in_place(cloud: Cloud, app: Path) -> None:
    old = check(cloud, app)
    (app / "src" / "server.js").write_text("two")

    diff = HANDLER.diff(old, check(cloud, app))

    assert diff.changed == ("contextHash",)
    assert diff.replace == ()


def hash_of(app: Path) -> str:
    return context_hash(app, app / "Dockerfile")


def rewrite(app: Path) -> None:
    (app / "src" / "server.js").write_text("two")


def add(app: Path) -> None:
    (app / "src" / "more.js").write_text("")


def rename(app: Path) -> None:
    (app / "src" / "server.js").rename(app / "src" / "main.js")


def make_executable(app: Path) -> None:
    (app / "src" / "server.js").chmod(0o755)


def edit_dockerfile(app: Path) -> None:
    (app / "Dockerfile").write_text("FROM scratch\n")


def link_elsewhere(app: Path) -> None:
    (app / "link").unlink()
    (app / "link").symlink_to("/usr")


@pytest.mark.parametrize("change", [rewrite, add, rename, make_executable, edit_dockerfile, link_elsewhere])
def test_every_change_that_a_build_sees_changes_the_hash(app: Path, change: Callable[[Path], None]) -> None:
    before = hash_of(app)

    change(app)

    assert hash_of(app) != before


def test_modification_times_do_not_change_the_hash(app: Path) -> None:
    before = hash_of(app)

    (app / "src" / "server.js").touch()

    assert hash_of(app) == before


def test_contents_that_imitate_a_second_file_change_the_hash(app: Path) -> None:
    for name, text in (("a", "x"), ("b", "y")):
        (app / name).write_text(text)
        (app / name).chmod(0o644)
    before = hash_of(app)

    (app / "b").unlink()
    (app / "a").write_text("xb\x00644\x00y")

    assert hash_of(app) != before


def test_an_unreadable_file_is_reported(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(ResourceError, match=r"cannot read .*Dockerfile: Permission denied"):
        hash_of(app)


def test_a_new_registry_password_is_no_change(cloud: Cloud, app: Path) -> None:
    login = {"address": "http://localhost:4566", "username": "AWS", "password": "old"}

    old = check(cloud, app, registries=[login])
    new = check(cloud, app, registries=[{**login, "password": "new"}])

    assert HANDLER.diff(old, new).changed == ()


@pytest.mark.parametrize(
    "tag", ["example.com/app:1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1", "app"]
)
def test_a_tag_in_another_registry_is_refused(cloud: Cloud, app: Path, tag: str) -> None:
    with pytest.raises(ResourceError, match=r"pushes to localhost:4566/\.\.\. only"):
        check(cloud, app, tags=[tag])


def test_a_preview_may_have_an_unknown_tag(cloud: Cloud, app: Path) -> None:
    assert check(cloud, app, tags=[UNKNOWN])["contextHash"] == context_hash(app, app / "Dockerfile")


@pytest.mark.parametrize(("folder", "message"), [("missing", "missing"), (".", "no Dockerfile at")])
def test_a_missing_context_or_dockerfile_is_reported(
    cloud: Cloud, tmp_path: Path, folder: str, message: str
) -> None:
    with pytest.raises(ResourceError, match=message):
        check(cloud, tmp_path / folder)


@pytest.mark.parametrize("inputs", [{"push": False}, {"tags": []}, {"tags": ["localhost:4566/app:1"] * 2}])
def test_an_image_without_push_and_exactly_one_tag_is_refused(
    cloud: Cloud, app: Path, inputs: dict[str, Any]
) -> None:
    with pytest.raises(ResourceError, match="needs `push` and exactly one tag"):
        check(cloud, app, **inputs)


@pytest.mark.parametrize("unknown", [{"noCache": True}, {"ssh": [{"id": "default"}]}, {"addHosts": ["a:1"]}])
def test_an_unsupported_image_property_is_refused(cloud: Cloud, app: Path, unknown: dict[str, Any]) -> None:
    with pytest.raises(ResourceError, match=next(iter(unknown))):
        check(cloud, app, **unknown)


@pytest.mark.parametrize(("ignored", "changed"), [(False, ("secrets",)), (True, ())])
def test_changed_secrets_can_be_ignored(
    *, ignored: bool, changed: tuple[str, ...], cloud: Cloud, app: Path
) -> None:
    old, new = (
        check(cloud, app, secrets={"npm": token}, ignoreSecretsInDiffCalculation=ignored)
        for token in ("one", "two")
    )

    assert HANDLER.diff(old, new).changed == changed
