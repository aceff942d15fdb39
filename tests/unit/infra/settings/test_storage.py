"""Rules for the storage of a service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import refuses, settings_of


def test_only_tmp_is_writable_by_default() -> None:
    assert settings_of({}).main.tmpfs == {"/tmp": 64}


@pytest.mark.parametrize("volume", [{"efs": {}}, {"efs": True}])
def test_services_with_a_volume_of_one_name_share_its_file_system(volume: dict[str, Any]) -> None:
    uploads = {"volumes": {"uploads": {"path": "/data", **volume}}}
    settings = settings_of({**uploads, "services": {"worker": {"exposure": "none"}}})

    assert list(settings.file_systems) == ["uploads"]
    assert settings.more_services["worker"].volumes == settings.main.volumes


def test_an_existing_file_system_is_not_created() -> None:
    egress = {"port": 2049, "cidr": "10.0.0.0/16", "description": "NFS"}
    volume = {"path": "/data", "efs": {"file-system-id": "fs-01234567"}}

    assert settings_of({"volumes": {"a": volume}, "egress": [egress]}).file_systems == {}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"volumes": {"a": {"path": "data"}}}, "volumes.a.path … begins with /"),
        ({"volumes": {"a": {"path": "/a", "efs": {}, "ebs": {}}}}, "volumes.a.ebs = … one of `efs`"),
        (
            {"volumes": {"a": {"path": "/a", "efs": {"file-system-id": "fs-01234567"}}}},
            "volumes.a.efs = … a rule in `egress` for port 2049",
        ),
        (
            {"volumes": {"a": {"path": "/a", "efs": {"access-point-id": "fsap-01234567"}}}},
            "volumes.a.efs.access-point-id … together with the `file-system-id`",
        ),
        (
            {"volumes": {"a": {"path": "/a", "ebs": {}}, "b": {"path": "/b", "ebs": {}}}},
            "volumes.b.ebs = … one volume with `ebs` in a service",
        ),
        (
            {"volumes": {"a": {"path": "/a", "ebs": {"type": "io2"}}}},
            "volumes.a.ebs.iops = null: … a volume of type io2 needs",
        ),
        (
            {"volumes": {"a": {"path": "/a", "ebs": {"type": "gp2", "throughput": 200}}}},
            "volumes.a.ebs.throughput … does not have",
        ),
        ({"volumes": {"a": {"path": "/a"}, "b": {"path": "/a"}}}, 'volumes.b.path = "/a" … another path'),
        ({"volumes": {"a": {"path": "/tmp"}}}, "volumes.a.path … `tmpfs`, or `tmpfs` without it"),
        (
            {"volumes": {"a": {"path": "/a"}}, "sidecars": {"s": {"volumes": {"a": "/tmp"}}}},
            "sidecars.s.volumes.a … `tmpfs`, or `tmpfs` without it",
        ),
        ({"ephemeral-storage-gib": 20}, "ephemeral-storage-gib … from 21 to 200, or 0"),
    ],
    ids=str,
)
def test_invalid_volumes_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)
