"""Route 53 records in a zone that is already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError
from local.resources.shape import as_asked, same_members

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_ZONE = ("NoSuchHostedZone",)
_TYPES = ("A", "AAAA", "CNAME")
_SOURCE = "hashicorp/aws internal/service/route53/record.go: ForceNew; a new type is a new id, so new here"


def plain(name: str) -> str:
    """Return a DNS name in lower case, without the dot at its end and with a readable asterisk."""
    return name.lower().removesuffix(".").replace("\\052", "*")


class Record(Handler):
    """`aws:route53/record:Record`: an alias, or values with a TTL."""

    token = "aws:route53/record:Record"
    force_new = dict.fromkeys(("name", "type", "zoneId"), _SOURCE)
    in_place = frozenset({"aliases", "records", "ttl"})
    settled_at_creation = frozenset({"allowOverwrite"})

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: a type that the local run does not do.
        """
        if isinstance(new.get("type"), str) and new["type"] not in _TYPES:
            raise ResourceError(
                f"{self.token} {name!r}: type {new['type']!r}; the local run does {', '.join(_TYPES)}"
            )
        return super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Names mean the same with and without a dot at the end; values are a set."""
        if key == "name" and isinstance(old, str) and isinstance(new, str):
            return plain(old) == plain(new)
        if key == "records" and isinstance(old, list) and isinstance(new, list):
            return same_members(cast("list[Any]", old), cast("list[Any]", new))
        return super().same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By name and type, if it says just what is asked for: records have no tags."""
        del urn
        identifier = self._id(inputs)
        live = self.read(cloud, id=identifier, inputs=inputs)
        if live is None or cloud.is_known(self.token, identifier):
            return None
        return (
            identifier
            if all(self.same(key, live.get(key), inputs.get(key)) for key in self.in_place)
            else None
        )

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it; what is there already is replaced only if `allowOverwrite` says so."""
        del urn
        record = self._to_aws(inputs, self._fqdn(cloud, inputs))
        self._change(cloud, inputs["zoneId"], "UPSERT" if inputs.get("allowOverwrite") else "CREATE", record)
        return self._id(inputs)

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it."""
        if not inputs.get("zoneId"):
            zone, name, kind = id.split("_", 1)[0], *id.split("_", 1)[1].rsplit("_", 1)
            inputs = {"zoneId": zone, "name": name, "type": kind}
        fqdn = self._fqdn(cloud, inputs)
        live = self._live(cloud, inputs, fqdn)
        if live is None:
            return None
        outputs: Properties = {
            "allowOverwrite": inputs.get("allowOverwrite"),
            "fqdn": fqdn,
            "name": inputs["name"],
            "ttl": live.get("TTL"),
            "type": live["Type"],
            "zoneId": inputs["zoneId"],
        }
        if alias := live.get("AliasTarget"):
            asked = cast("list[Properties]", inputs.get("aliases") or [{}])[0]
            target = alias["DNSName"]
            outputs["aliases"] = [
                {
                    "evaluateTargetHealth": alias["EvaluateTargetHealth"],
                    "name": asked["name"]
                    if plain(asked.get("name") or "") == plain(target)
                    else plain(target),
                    "zoneId": alias["HostedZoneId"],
                },
            ]
        else:
            values = [item["Value"] for item in live.get("ResourceRecords", [])]
            outputs["records"] = as_asked(inputs.get("records"), values)
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change where it leads."""
        del id, old, changed
        self._change(cloud, new["zoneId"], "UPSERT", self._to_aws(new, self._fqdn(cloud, new)))

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it as it is now: AWS wants to be told the very values."""
        del id
        live = self._live(cloud, outputs, self._fqdn(cloud, outputs))
        if live is not None:
            self._change(cloud, outputs["zoneId"], "DELETE", live, absent=_NO_ZONE)

    def _id(self, inputs: Properties) -> str:
        return f"{inputs['zoneId']}_{plain(inputs['name'])}_{inputs['type']}"

    def _fqdn(self, cloud: Cloud, inputs: Properties) -> str:
        name = plain(inputs["name"])
        answer = call(cloud, "route53", "get_hosted_zone", absent=_NO_ZONE, Id=inputs["zoneId"])
        zone = plain(answer.get("HostedZone", {}).get("Name", ""))
        return name if not zone or name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"

    def _live(self, cloud: Cloud, inputs: Properties, fqdn: str) -> dict[str, Any] | None:
        answer = call(
            cloud,
            "route53",
            "list_resource_record_sets",
            absent=_NO_ZONE,
            HostedZoneId=inputs["zoneId"],
            StartRecordName=fqdn,
            StartRecordType=inputs["type"],
            MaxItems="1",
        )
        for record in answer.get("ResourceRecordSets", []):
            if plain(record["Name"]) == fqdn and record["Type"] == inputs["type"]:
                return record
        return None

    def _to_aws(self, inputs: Properties, fqdn: str) -> dict[str, Any]:
        record: dict[str, Any] = {"Name": fqdn, "Type": inputs["type"]}
        if aliases := inputs.get("aliases"):
            record["AliasTarget"] = {
                "DNSName": aliases[0]["name"],
                "EvaluateTargetHealth": aliases[0]["evaluateTargetHealth"],
                "HostedZoneId": aliases[0]["zoneId"],
            }
            return record
        record["TTL"] = inputs["ttl"]
        record["ResourceRecords"] = [
            {"Value": value} for value in cast("list[str]", inputs.get("records") or [])
        ]
        return record

    def _change(
        self,
        cloud: Cloud,
        zone: str,
        action: str,
        record: dict[str, Any],
        *,
        absent: tuple[str, ...] = (),
    ) -> None:
        # No wait for the change to be in sync: the front door asks the emulator itself.
        call(
            cloud,
            "route53",
            "change_resource_record_sets",
            absent=absent,
            HostedZoneId=zone,
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
        )
