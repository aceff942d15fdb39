"""Storage of a service's containers: memory, disk, EBS, EFS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import TRUE_FOR_DEFAULTS, Model, Pattern
from infra.settings.sidecars import AbsolutePath

NFS_PORT: Final = 2049
"""Port of an EFS file system's mount targets."""

VolumeName = Annotated[
    str,
    Pattern("lowercase letters, digits and hyphens, at most 32", r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"),
]
_FileSystemId = Annotated[
    str, Pattern("the id of an EFS file system, such as fs-0123456789abcdef0", r"fs-[0-9a-f]{8,40}")
]
_AccessPointId = Annotated[
    str, Pattern("the id of an access point, such as fsap-0123456789abcdef0", r"fsap-[0-9a-f]{8,40}")
]
_SnapshotId = Annotated[
    str, Pattern("the id of a snapshot, such as snap-0123456789abcdef0", r"snap-[0-9a-f]{8,17}")
]


class SharedFiles(Model):
    """An EFS file system: one that the stack creates, encrypted and backed up, or an existing one."""

    file_system_id: _FileSystemId | None = None
    """Existing file system, whose mount targets accept the tasks; empty creates one."""
    access_point_id: _AccessPointId | None = None
    """Existing access point of `file-system-id`; empty creates one, in a folder of the volume's name."""
    throughput_mode: Literal["elastic", "bursting"] = "elastic"
    """Throughput: elastic follows use, bursting follows the amount stored."""
    infrequent_access_days: Literal[0, 1, 7, 14, 30, 60, 90, 180, 270, 365] = 30
    """Days without use after which a file moves to cheaper storage; 0 for never."""
    backup: bool = True
    """Whether AWS Backup keeps daily copies for five weeks."""

    def _rules(self) -> Iterator[Fault]:
        if not self.file_system_id:
            needs = "only valid together with the `file-system-id` that it belongs to"
            yield from self.refuse(needs, "access-point-id")


class BlockStorage(Model):
    """An EBS volume that ECS creates for each task, encrypted, and deletes with it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ebs-volumes.html
    """

    size_gib: int = Field(default=20, ge=1, le=65536)
    """Size in GiB."""
    type: Literal["gp3", "gp2", "io2", "io1", "st1", "sc1"] = "gp3"
    """Kind of volume."""
    iops: Annotated[int, Field(ge=100, le=256_000)] | None = None
    """Operations per second; required for io1 and io2, empty for the type's default."""
    throughput: Annotated[int, Field(ge=125, le=2000)] | None = None
    """MiB per second of a gp3 volume; empty for 125."""
    file_system: Literal["xfs", "ext4"] = "xfs"
    """How it is formatted."""
    snapshot_id: _SnapshotId | None = None
    """Snapshot to start from; empty for an empty volume."""

    def _rules(self) -> Iterator[Fault]:
        if self.type in ("io1", "io2") and self.iops is None:
            yield Fault(("iops",), f"a number, which a volume of type {self.type} needs")
        unsupported = f"none, which a volume of type {self.type} does not have"
        if self.type not in ("gp3", "io1", "io2"):
            yield from self.refuse(unsupported, "iops")
        if self.type != "gp3":
            yield from self.refuse(unsupported, "throughput")


class Volume(Model):
    """A folder of the app's container: EFS, EBS, or scratch space that the task's containers share."""

    path: AbsolutePath
    """Path in the app's container."""
    read_only: bool = False
    """Whether the app can only read it."""
    efs: Annotated[SharedFiles | None, TRUE_FOR_DEFAULTS] = None
    """File system that all tasks share and that survives them; {} creates one."""
    ebs: Annotated[BlockStorage | None, TRUE_FOR_DEFAULTS] = None
    """Volume of each task's own; {} for the defaults."""

    def _rules(self) -> Iterator[Fault]:
        if self.efs and self.ebs:
            yield Fault(("ebs",), "one of `efs` and `ebs`, or neither for scratch space", "both")
