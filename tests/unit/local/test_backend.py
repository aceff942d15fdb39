"""What is known of a local stack's state before the CLI runs."""

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


def test_a_stack_without_a_state_is_empty(backend: Backend) -> None:
    state = backend.read("dev")

    assert (state.resources, state.salt, state.identifiers, state.references) == ((), "", [], set())


def test_a_stack_that_was_only_initialized_is_empty(backend: Backend) -> None:
    path = backend.path("dev")
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"version": 3, "checkpoint": {"stack": "organization/shop/dev", "latest": None}})
    )

    assert backend.read("dev").resources == ()


def test_only_resources_that_a_provider_made_are_identified(backend: Backend) -> None:
    write(
        backend,
        "dev",
        {"type": "shop:infra:Network", "custom": False},
        {"type": "aws:ec2/vpc:Vpc", "custom": True, "id": "vpc-1"},
        {"type": "aws:ec2/subnet:Subnet", "custom": True},
    )

    assert backend.read("dev").identifiers == [("aws:ec2/vpc:Vpc", "vpc-1")]


def test_a_stack_references_those_whose_outputs_it_read(backend: Backend) -> None:
    reference = {"type": "pulumi:pulumi:StackReference", "custom": True, "id": "organization/shop/dev"}
    write(backend, "pr-1", reference)

    assert backend.read("pr-1").references == {"dev"}


def test_the_salt_of_the_state_is_found(backend: Backend) -> None:
    write(backend, "dev", salt="v1:abc")

    assert backend.read("dev").salt == "v1:abc"


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
def test_a_damaged_state_is_refused_with_the_way_on(backend: Backend, text: str) -> None:
    write(backend, "dev")
    backend.keep_copy("dev")
    backend.path("dev").write_text(text)

    with pytest.raises(
        BrokenStateError, match=r"truncated or corrupt.*`cp .*dev\.json\.bak .*dev\.json`.*make down"
    ):
        backend.read("dev")


def test_without_a_copy_only_the_deletion_of_all_is_offered(backend: Backend) -> None:
    write(backend, "dev").write_text("{")

    with pytest.raises(BrokenStateError) as raised:
        backend.read("dev")
    assert "cp " not in str(raised.value)


def test_a_state_belongs_to_the_emulator_that_it_was_assigned_to(backend: Backend) -> None:
    backend.assign("dev", "one")

    assert backend.belongs_to("dev", "one")
    assert not backend.belongs_to("dev", "other")
    assert not backend.belongs_to("staging", "one")


def test_a_state_that_is_set_aside_is_kept_and_the_stack_is_gone(backend: Backend, tmp_path: Path) -> None:
    write(backend, "dev", salt="v1:kept")
    backend.assign("dev", "one")

    backend.set_aside("dev", tmp_path / "aside")

    assert "v1:kept" in (tmp_path / "aside" / "dev.json").read_text()
    assert backend.stacks() == []
    assert not backend.belongs_to("dev", "one")


def test_nothing_of_a_forgotten_stack_is_left(backend: Backend, tmp_path: Path) -> None:
    write(backend, "dev")
    write(backend, "staging")
    backend.keep_copy("dev")
    backend.assign("dev", "one")
    for kind in ("history", "locks/organization"):
        folder = tmp_path / ".pulumi" / kind / "shop" / "dev"
        folder.mkdir(parents=True)
        (folder / "1.json").write_text("{}")

    backend.forget("dev")

    left = [path for path in tmp_path.rglob("*") if "dev" in path.name]
    assert left == []
    assert backend.stacks() == ["staging"]


def test_a_stale_lock_of_the_cli_is_removed(backend: Backend, tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "shop" / "dev"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{}")

    backend.remove_lock("dev")

    assert list(folder.iterdir()) == []
