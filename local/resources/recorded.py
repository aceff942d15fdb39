"""Types that MiniStack does not have, such as Application Auto Scaling: they exist only in Pulumi's state.

Their inputs are still validated against AWS's service models.
"""

from __future__ import annotations

from typing import Any, Final

from local.resources.base import Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_TOKEN: Final = "00000000-0000-0000-0000-000000000000"


class Recorded(RowHandler):
    """A resource that exists only in the state."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find nothing: an interrupted run leaves nothing behind."""

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the configured values."""
        del id
        tags = {"tagsAll": inputs.get("tags")} if self.tagged else {}
        return {"region": cloud.region, **self.row.computed, **inputs, **tags}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Validate the new inputs."""
        del id, old, changed
        self.create(cloud, urn="", inputs=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Do nothing: only the state has it."""

    def call(
        self, cloud: Cloud, operation: str, *, may_be_missing: bool = False, **arguments: Any
    ) -> dict[str, Any]:
        """Validate the call instead of making it.

        Raises:
            ResourceError: AWS would refuse the call.
        """
        from botocore.validate import ParamValidator

        del may_be_missing
        shape = self.shape(cloud, operation)
        # The SDK fills these in.
        tokens = {
            name: _TOKEN for name, member in shape.members.items() if member.metadata.get("idempotencyToken")
        }
        report = ParamValidator().validate({**tokens, **arguments}, shape)
        if report.has_errors():
            raise ResourceError(f"{self.token}: AWS would refuse {operation}: {report.generate_report()}")
        return {}
