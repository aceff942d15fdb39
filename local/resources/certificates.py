"""What rows cannot say of ACM certificates, and the wait until one is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.resources.aws_calls import call, wait_until
from local.resources.base import Handler, Properties, ResourceError
from local.resources.row_handler import RowHandler

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


class Certificate(RowHandler):
    """`aws:acm/certificate:Certificate`, requested and validated by DNS."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the records that prove the domain; AWS counts the domain among its alternative names."""
        asked: list[str] = inputs.get("subjectAlternativeNames") or []
        domain, names = item["DomainName"], item["SubjectAlternativeNames"]
        item["SubjectAlternativeNames"] = [name for name in names if name != domain or name in asked]
        records = [
            {"domainName": option["DomainName"]}
            | {f"resourceRecord{member}": option["ResourceRecord"][member] for member in ("Name", "Type", "Value")}
            for option in item["DomainValidationOptions"]
            if "ResourceRecord" in option
        ]
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "domainValidationOptions": records}


class CertificateValidation(Handler):
    """`aws:acm/certificateValidation:CertificateValidation`: nothing on AWS, only the wait."""

    token = "aws:acm/certificateValidation:CertificateValidation"
    force_new = dict.fromkeys(
        ("certificateArn", "validationRecordFqdns"),
        "hashicorp/aws internal/service/acm/certificate_validation.go: ForceNew",
    )
    in_place = frozenset[str]()

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Wait until the certificate is issued; the id is when that was.

        Raises:
            ResourceError: there is no such certificate, or it is not issued.
        """
        del urn
        arn = inputs["certificateArn"]
        if not _describe(cloud, arn):
            raise ResourceError(
                f"certificate {arn!r} does not exist, so nothing can validate it: make it first"
            )
        wait_until(lambda: _describe(cloud, arn).get("Status") == "ISSUED", f"the issue of certificate {arn}")
        return _describe(cloud, arn)["IssuedAt"].strftime("%Y-%m-%dT%H:%M:%SZ")

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it as long as the certificate is issued.

        Raises:
            ResourceError: it is to be imported.
        """
        if not inputs.get("certificateArn"):
            raise ResourceError(
                f"certificate validation {id!r} cannot be imported: declare it, and it is made"
            )
        issued = _describe(cloud, inputs["certificateArn"]).get("Status") == "ISSUED"
        return {"region": cloud.region, **inputs} if issued else None

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Nothing can be changed in place."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """There is nothing to delete."""


def _describe(cloud: Cloud, arn: str) -> dict[str, Any]:
    absent = ("ResourceNotFoundException",)
    answer = call(cloud, "acm", "describe_certificate", absent=absent, CertificateArn=arn)
    return answer.get("Certificate", {})
