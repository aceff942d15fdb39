"""What rows cannot say of Cloud Map's namespaces."""

from __future__ import annotations

from typing import Any

from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class Namespace(RowHandler):
    """A namespace; AWS answers with the operation that makes it, and only that knows the id."""

    def call(self, cloud: Cloud, operation: str, *, absent: bool = False, **arguments: Any) -> dict[str, Any]:
        """Call AWS, and add the operation that makes one to its answer."""
        answer = super().call(cloud, operation, absent=absent, **arguments)
        if operation != self.row.create:
            return answer
        return super().call(cloud, "get_operation", OperationId=answer["OperationId"])
