"""ACM certificates, and the wait until one is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources import tags as tagging
from local.resources.aws_calls import call, wait_until
from local.resources.base import Handler, Properties, ResourceError
from local.resources.shape import as_asked, same_members

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_ABSENT = ("ResourceNotFoundException",)


def _describe(cloud: Cloud, arn: str) -> dict[str, Any]:
    return call(cloud, "acm", "describe_certificate", absent=_ABSENT, CertificateArn=arn).get(
        "Certificate", {}
    )


def _tags(cloud: Cloud, arn: str) -> dict[str, str]:
    answer = call(cloud, "acm", "list_tags_for_certificate", absent=_ABSENT, CertificateArn=arn)
    return tagging.from_pairs(answer.get("Tags"))


class Certificate(Handler):
    """`aws:acm/certificate:Certificate`, requested and validated by DNS."""

    token = "aws:acm/certificate:Certificate"
    force_new = dict.fromkeys(
        ("domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod"),
        "hashicorp/aws internal/service/acm/certificate.go: ForceNew",
    )
    in_place = frozenset({"tags"})
    tagged = True

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Alternative names are a set."""
        if key == "subjectAlternativeNames" and isinstance(old, list) and isinstance(new, list):
            return same_members(cast("list[Any]", old), cast("list[Any]", new))
        return super().same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag, among the certificates for the domain."""
        for summary in call(cloud, "acm", "list_certificates")["CertificateSummaryList"]:
            arn = str(summary["CertificateArn"])
            if (
                summary["DomainName"] == inputs["domainName"]
                and not cloud.is_known(self.token, arn)
                and tagging.carries(_tags(cloud, arn), urn)
            ):
                return arn
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Request it."""
        optional = {
            "KeyAlgorithm": inputs.get("keyAlgorithm"),
            "SubjectAlternativeNames": inputs.get("subjectAlternativeNames"),
            "ValidationMethod": inputs.get("validationMethod"),
        }
        answer = call(
            cloud,
            "acm",
            "request_certificate",
            DomainName=inputs["domainName"],
            Tags=tagging.pairs(tagging.with_urn(inputs.get("tags"), urn)),
            **{name: value for name, value in optional.items() if value},
        )
        return str(answer["CertificateArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it; MiniStack forgets the key algorithm, so that is told as it was asked for."""
        certificate = _describe(cloud, id)
        if not certificate:
            return None
        domain = certificate["DomainName"]
        asked: list[str] = inputs.get("subjectAlternativeNames") or []
        names = [name for name in certificate["SubjectAlternativeNames"] if name != domain or name in asked]
        records = [
            {
                "domainName": option["DomainName"],
                "resourceRecordName": option["ResourceRecord"]["Name"],
                "resourceRecordType": option["ResourceRecord"]["Type"],
                "resourceRecordValue": option["ResourceRecord"]["Value"],
            }
            for option in certificate["DomainValidationOptions"]
            if "ResourceRecord" in option
        ]
        methods = [option.get("ValidationMethod") for option in certificate["DomainValidationOptions"]]
        tags = tagging.visible(_tags(cloud, id))
        return {
            "arn": id,
            "domainName": domain,
            "domainValidationOptions": records,
            "keyAlgorithm": inputs.get("keyAlgorithm") or certificate.get("KeyAlgorithm"),
            "notAfter": _time(certificate.get("NotAfter")),
            "notBefore": _time(certificate.get("NotBefore")),
            "region": cloud.region,
            "status": certificate["Status"],
            "subjectAlternativeNames": as_asked(inputs.get("subjectAlternativeNames"), names),
            "tags": tags,
            "tagsAll": tags,
            "type": certificate.get("Type"),
            "validationMethod": methods[0] if methods else inputs.get("validationMethod"),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change its tags."""
        del changed
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            call(cloud, "acm", "add_tags_to_certificate", CertificateArn=id, Tags=tagging.pairs(to_set))
        if to_remove:
            gone = [{"Key": key} for key in to_remove]
            call(cloud, "acm", "remove_tags_from_certificate", CertificateArn=id, Tags=gone)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "acm", "delete_certificate", absent=_ABSENT, CertificateArn=id)


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
        return str(_time(_describe(cloud, arn)["IssuedAt"]))

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it as long as the certificate is issued.

        Raises:
            ResourceError: it is to be imported.
        """
        if not inputs.get("certificateArn"):
            raise ResourceError(
                f"certificate validation {id!r} cannot be imported: declare it, and it is made"
            )
        if _describe(cloud, inputs["certificateArn"]).get("Status") != "ISSUED":
            return None
        return {
            "certificateArn": inputs["certificateArn"],
            "region": cloud.region,
            "validationRecordFqdns": inputs.get("validationRecordFqdns"),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Nothing can be changed in place."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """There is nothing to delete."""


def _time(moment: Any) -> str | None:
    """Return a time as the provider writes it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
