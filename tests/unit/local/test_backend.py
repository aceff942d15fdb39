"""A local stack's state file, before and after the CLI runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.backend import Backend, BrokenStateError


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, "shop")


def write(backend: Backend, stack: str, *resources: dict[str, Any], salt: str = "") -> Path:
    path = backend.path(stack)
    path.parent.mkdir(parents=True, exist_ok=True)
    provider = {"type": "passphrase", "state": {"salt": salt}} if salt else None
    latest = {"resources": list(resources), "secrets_providers": provider}
    path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    return path


@pytest.mark.parametrize(
    "content", [None, '{"checkpoint": {"stack": "organization/shop/dev", "latest": null}}']
)
def test_a_missing_or_new_state_is_empty(backend: Backend, content: str | None) -> None:
    if content is not None:
        backend.path("dev").parent.mkdir(parents=True)
        backend.path("dev").write_text(content)

    state = backend.read("dev")

    assert (state.resources, state.salt, state.identifiers, state.references) == ((), "", [], set())


def test_create_writes_an_empty_state_and_keeps_an_existing_one(backend: Backend) -> None:
    backend.create("dev")
    new = backend.read("dev")
    write(backend, "dev", {"type": "aws:ec2/vpc:Vpc", "custom": True, "id": "vpc-1"})
    backend.create("dev")

    assert (new.resources, new.salt) == ((), "")
    assert backend.read("dev").identifiers == [("aws:ec2/vpc:Vpc", "vpc-1")]


def test_a_state_has_identifiers_references_and_salt(backend: Backend) -> None:
    write(
        backend,
        "pr-1",
        {"type": "shop:infra:Network", "custom": False},
        {"type": "aws:ec2/vpc:Vpc", "custom": True, "id": "vpc-1"},
        {"type": "aws:ec2/subnet:Subnet", "custom": True},
        {"type": "pulumi:pulumi:StackReference", "custom": True, "id": "organization/shop/dev"},
        salt="v1:abc",
    )

    state = backend.read("pr-1")

    assert ("aws:ec2/vpc:Vpc", "vpc-1") in state.identifiers
    assert "aws:ec2/subnet:Subnet" not in dict(state.identifiers)
    assert (state.references, state.salt) == ({"dev"}, "v1:abc")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 3}',
        '{"checkpoint": 4}',
        '{"checkpoint": {"latest": []}}x',
        '{"checkpoint": {"latest": {"resources": ["vpc"]}}}',
    ],
)
def test_a_damaged_state_is_an_error_that_says_how_to_restore_it(backend: Backend, text: str) -> None:
    write(backend, "dev")
    backend.keep_copy("dev")
    backend.path("dev").write_text(text)

    with pytest.raises(
        BrokenStateError, match=r"truncated or corrupt.*`cp .*dev\.json\.bak .*dev\.json`.*make down"
    ):
        backend.read("dev")


def test_without_a_copy_the_error_suggests_only_make_down(backend: Backend) -> None:
    write(backend, "dev").write_text("{")

    with pytest.raises(BrokenStateError) as raised:
        backend.read("dev")
    assert "cp " not in str(raised.value)


def test_a_state_belongs_to_its_assigned_emulator(backend: Backend) -> None:
    backend.assign("dev", "one")

    assert backend.belongs_to("dev", "one")
    assert not backend.belongs_to("dev", "other")
    assert not backend.belongs_to("staging", "one")


def test_a_state_that_is_set_aside_is_kept_elsewhere(backend: Backend, tmp_path: Path) -> None:
    write(backend, "dev", salt="v1:kept")
    backend.assign("dev", "one")

    backend.set_aside("dev", tmp_path / "aside")

    assert "v1:kept" in (tmp_path / "aside" / "dev.json").read_text()
    assert backend.stacks() == []
    assert not backend.belongs_to("dev", "one")


def test_forget_deletes_all_files_of_a_stack(backend: Backend, tmp_path: Path) -> None:
    write(backend, "dev")
    write(backend, "staging")
    backend.keep_copy("dev")
    backend.assign("dev", "one")
    for kind in ("history", "locks/organization"):
        folder = tmp_path / ".pulumi" / kind / "shop" / "dev"
        folder.mkdir(parents=True)
        (folder / "1.json").write_text("{}")

    backend.forget("dev")

    assert [path for path in tmp_path.rglob("*") if "dev" in path.name] == []
    assert backend.stacks() == ["staging"]


def test_remove_lock_deletes_the_clis_lock(backend: Backend, tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "shop" / "dev"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{}")

    backend.remove_lock("dev")

    assert list(folder.iterdir()) == []
