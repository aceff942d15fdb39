"""Cloud Map namespaces."""

from __future__ import annotations

from typing import Any

from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class Namespace(RowHandler):
    """A namespace; AWS returns the operation that creates it, and only the operation has the id."""

    def call(
        self, cloud: Cloud, operation: str, *, may_be_missing: bool = False, **arguments: Any
    ) -> dict[str, Any]:
        """Call AWS; a creation returns its operation."""
        answer = super().call(cloud, operation, may_be_missing=may_be_missing, **arguments)
        if operation != self.row.create:
            return answer
        return super().call(cloud, "get_operation", OperationId=answer["OperationId"])
