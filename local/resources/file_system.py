"""EFS file systems, whose files are in Docker volumes."""

from __future__ import annotations

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class FileSystem(RowHandler):
    """`aws:efs/fileSystem:FileSystem`."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it and its volumes."""
        from local.emulated.volumes import FILE_SYSTEM, remove_volumes

        super().delete(cloud, id=id, outputs=outputs)
        remove_volumes(f"{FILE_SYSTEM}={id}")
