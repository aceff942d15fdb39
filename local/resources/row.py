"""A simple resource type as a row of data; the rest comes from AWS's service models.

To add a type, add its row to `local/resources/table.py` and an example to `tests/integration/resources`: a
test names every property that no example covers. Nothing here loads an AWS library; all rows are made at
import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tags:
    """How a service stores tags."""

    read: str
    """Operation that lists them; empty where the row's `read` returns them."""
    tag: str
    untag: str
    id_argument: str
    """Argument that names the resource."""
    by_arn: bool = False
    """Whether that argument takes the ARN; else the id."""
    answer_path: str = "Tags"
    """Where the answer of `read` has them (JMESPath)."""
    tags_argument: str = "Tags"
    """Argument of the create call and of `tag`."""
    keys_argument: str = "TagKeys"
    """Argument of `untag` for what to remove: keys or pairs, depending on its shape."""


@dataclass(frozen=True)
class Change:
    """An operation that changes properties in place; it gets all of them."""

    operation: str
    """Empty where the emulator has nothing to change and AWS would."""
    properties: str
    reset: str = ""
    """Operation that removes the property (a single one) when it is no longer configured."""
    detach: str = ""
    """Operation that removes the old value of the property (a single one) before another one and before
    deletion."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fixed arguments of the operation."""


@dataclass(frozen=True)
class Attributes:
    """Properties that AWS stores as strings by name."""

    read: str
    change: str
    names: Mapping[str, tuple[str, bool | int | str]]
    """AWS's name of each property (by path: `accessLogs.bucket`) and AWS's default, which has the
    property's type."""


@dataclass(frozen=True)
class Row:
    """One resource type.

    A property goes to the member of the same name, regardless of case and number (`subnetIds`, `SubnetId`); a
    list with one block may be a structure, a mapping may be a list of pairs. `members` names the exceptions.
    """

    token: str
    """Pulumi's type token, such as `aws:ecs/cluster:Cluster`."""
    service: str
    """boto3's name of the service."""
    _: KW_ONLY
    source: str
    """The provider's file with the rules, below hashicorp/aws internal/service/."""
    create: str
    read: str = ""
    """Empty where MiniStack does not have the type: it then exists only in Pulumi's state."""
    delete: str = ""
    """Empty where AWS has no such call."""
    id_argument: str = ""
    """Argument of `read`, the changes and `delete` for the id; `|` separates the spellings of several
    operations. Empty where the id consists of properties, which then are the arguments."""
    items: str = "[@]"
    """Where the answer of `read` has the resources (JMESPath, a list)."""
    id: str
    """Where the answer of `create` has the id (JMESPath), or a template of properties (`{role}:{name}`)."""
    id_member: str = ""
    """Member of an item that has the id, where its name differs from the one in the answer of `create`."""
    list_all: str = ""
    """Operation that lists all resources, where `read` does not without an id."""
    list_by: str = ""
    """Properties of a tagged type that `list_all` requires."""
    listed_items: str = ""
    """Where the answer of `list_all` has them; an item may be just the id."""
    not_found: str = ""
    """Error codes for a missing resource."""

    replace: str = ""
    """Properties whose change requires replacement."""
    changes: tuple[Change, ...] = ()
    attributes: Attributes | None = None
    creation_only: str = ""
    """Properties that only `create` and `delete` use."""
    tags: Tags | None = None
    tag_specification: str = ""
    """EC2's name of the type in tag specifications."""

    members: Mapping[str, str] = field(default_factory=dict[str, str])
    """Member of each property that has another name, both by path: `healthCheck.path`: `HealthCheckPath`.
    A member is relative to its block. `.` dissolves a block into the arguments, an empty string keeps a
    property from AWS, and `|` separates the spellings of several operations."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Defaults of the provider's schema, by path; inside a block, only where the block is configured."""
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Fixed arguments, by operation."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Outputs by JMESPath into the item; `{id}` is the id, and `arn` may be the end of one (`vpc/{id}`)."""
    sets: str = ""
    """Properties whose order does not matter."""
    policies: str = ""
    """Properties with an IAM policy as JSON."""
    json: str = ""
    """Properties with any other JSON."""
    only_if_configured: str = ""
    """Values that AWS or the emulator adds, by path: left out where they are not configured."""
    not_returned: str = ""
    """Properties that the emulator accepts and does not return; they are read as configured."""
    computed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Values that AWS chooses where nothing is configured, and the emulator does not return."""
    name: str | None = None
    """Property that gets an automatic name."""
    name_max_length: int = 255
    delete_before_replace: bool = False
    handler: str = ""
    """`<module>:<class>` of a handler that adds what a row cannot express; empty for `RowHandler`, or for
    `Recorded` without `read`."""
