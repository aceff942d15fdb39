"""A simple resource type as a row of data; the rest comes from AWS's service models.

To add a type, add its row to `local/resources/table.py` and an example to `tests/integration/resources`;
a test names what it does not walk. Nothing here loads an AWS library: all rows are made at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tags:
    """How a service keeps tags."""

    read: str
    """Operation that lists them; empty where they are in what the row's `read` answers."""
    tag: str
    untag: str
    by: str
    """Argument that names the resource."""
    by_arn: bool = False
    """Whether that argument takes the ARN; else the id."""
    answer: str = "Tags"
    """Where the answer of `read` has them (JMESPath)."""
    argument: str = "Tags"
    """Argument of the create call and of `tag`."""
    keys: str = "TagKeys"
    """Argument of `untag` with what to remove: keys, or pairs, as its shape has it."""


@dataclass(frozen=True)
class Change:
    """An operation that changes properties in place; it gets all of them."""

    operation: str
    """Empty where the emulator has nothing to change and AWS would."""
    properties: str
    reset: str = ""
    """Operation for when the property (just one) is not asked for any more."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the operation is always called with."""


@dataclass(frozen=True)
class Attributes:
    """Properties that AWS keeps as texts by name."""

    read: str
    change: str
    names: Mapping[str, tuple[str, bool | int | str]]
    """AWS's name of each property (by path: `accessLogs.bucket`), and AWS's default, which is of its type."""


@dataclass(frozen=True)
class Row:
    """One resource type.

    Properties go to the member of the same name, whatever its case and number (`subnetIds`, `SubnetId`); a
    list of one block may be a structure, a mapping may be a list of pairs. `names` says where they differ.
    """

    token: str
    """Pulumi's type token, such as `aws:ecs/cluster:Cluster`."""
    service: str
    """boto3's name of the service."""
    _: KW_ONLY
    source: str
    """The provider's file with the rules, below hashicorp/aws internal/service/."""
    create: str
    read: str
    delete: str
    by: str = ""
    """Argument of `read`, the changes and `delete` that takes the id; several spellings are parted by `|`.
    Empty where the id is made of properties, which then are the arguments."""
    items: str = "[@]"
    """Where the answer of `read` has the resources (JMESPath, a list)."""
    id: str
    """Where the answer of `create` has the id (JMESPath), or a template of properties (`{role}:{name}`)."""
    key: str = ""
    """Member of an item that holds the id, where it is not called as in the answer of `create`."""
    listing: str = ""
    """Operation that lists all of them, where `read` does not without an id."""
    listed: str = ""
    """Where the answer of `listing` has them; an item may be the id alone."""
    absent: str = ""
    """Error codes that say there is none."""

    replace: str = ""
    """Properties whose change makes a new resource."""
    changes: tuple[Change, ...] = ()
    attributes: Attributes | None = None
    settled: str = ""
    """Properties that matter to `create` and `delete` alone."""
    tags: Tags | None = None
    tag_specification: str = ""
    """EC2's word for the type."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Member of each property that is called otherwise, both by path: `healthCheck.path`: `HealthCheckPath`.
    A member is relative to what holds it. `.` leaves a block out, an empty text keeps a property from AWS,
    and `|` parts the spellings of several operations."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the provider's schema fills in, by path; inside a block, only where the block is."""
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What an operation is always called with."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Outputs by JMESPath into the item; `{id}` is the id, and `arn` may be the end of one (`vpc/{id}`)."""
    sets: str = ""
    """Properties whose order does not matter."""
    policies: str = ""
    """Properties that hold an IAM policy as JSON."""
    json: str = ""
    """Properties that hold any other JSON."""
    only_if_asked: str = ""
    """What AWS or the emulator adds by itself, by path: left out where it was not asked for."""
    forgotten: str = ""
    """Properties that the emulator accepts and does not return; they are read as asked for."""
    computed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What AWS chooses where nothing is asked for, and the emulator does not return."""
    name: str | None = None
    """Property that gets an automatic name."""
    name_max_length: int = 255
    delete_before_replace: bool = False
    handler: str = "row_handler:RowHandler"
    """`<module>:<class>` of the handler; others than this one add what no row can say."""
