"""What MiniStack does not have, such as Application Auto Scaling: the state alone knows of it.

What the program asks for is still held against the form that AWS's own service model gives its calls.
"""

from __future__ import annotations

from typing import Any, Final

from local.resources.base import Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_TOKEN: Final = "00000000-0000-0000-0000-000000000000"


class Recorded(RowHandler):
    """A resource that exists in the state alone."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Nothing: there is nowhere to look."""

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return what was asked for."""
        del id
        tags = {"tagsAll": inputs.get("tags")} if self.tagged else {}
        return {"region": cloud.region, **self.row.computed, **inputs, **tags}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Hold the new call against AWS's form."""
        del id, old, changed
        self.create(cloud, urn="", inputs=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Do nothing: the state forgets it."""

    def call(self, cloud: Cloud, operation: str, *, absent: bool = False, **arguments: Any) -> dict[str, Any]:
        """Call nothing.

        Raises:
            ResourceError: AWS would refuse the call.
        """
        from botocore.validate import ParamValidator

        del absent
        shape = self.shape(cloud, operation)
        # The SDK fills these in itself.
        tokens = {name: _TOKEN for name, one in shape.members.items() if one.metadata.get("idempotencyToken")}
        report = ParamValidator().validate({**tokens, **arguments}, shape)
        if report.has_errors():
            raise ResourceError(f"{self.token}: AWS would refuse {operation}: {report.generate_report()}")
        return {}
