"""What rows cannot say of ACM certificates."""

from __future__ import annotations

from typing import Any

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class Certificate(RowHandler):
    """`aws:acm/certificate:Certificate`, requested and validated by DNS."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the records that prove the domain; AWS counts the domain among its alternative names."""
        asked: list[str] = inputs.get("subjectAlternativeNames") or []
        domain, names = item["DomainName"], item["SubjectAlternativeNames"]
        item["SubjectAlternativeNames"] = [name for name in names if name != domain or name in asked]
        outputs = super().outputs(cloud, identifier, item, inputs)
        outputs["domainValidationOptions"] = [
            {
                "domainName": option["DomainName"],
                "resourceRecordName": option["ResourceRecord"]["Name"],
                "resourceRecordType": option["ResourceRecord"]["Type"],
                "resourceRecordValue": option["ResourceRecord"]["Value"],
            }
            for option in item["DomainValidationOptions"]
            if "ResourceRecord" in option
        ]
        return outputs
