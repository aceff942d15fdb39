"""Route 53 records."""

from __future__ import annotations

from typing import Any, Final, cast

from local.resources.base import Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_TYPES: Final = ("A", "AAAA", "CNAME")


def plain(name: str) -> str:
    """Return a DNS name in lower case, without the final dot and with a readable asterisk."""
    return name.lower().removesuffix(".").replace("\\052", "*")


class Record(RowHandler):
    """`aws:route53/record:Record`: an alias, or values with a TTL."""

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: the local run does not support the record type.
        """
        if isinstance(new.get("type"), str) and new["type"] not in _TYPES:
            raise ResourceError(
                f"{self.token} {name!r}: type {new['type']!r} is not one that the local run supports: "
                f"{', '.join(_TYPES)}"
            )
        return super().prepare(cloud, name=name, old=old, new=new)

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """Names are the same in either case, with and without a final dot."""
        if key == "name" and isinstance(old, str) and isinstance(new, str):
            return plain(old) == plain(new)
        return super().is_same(key, old, new)

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the zone's id, the name and the type."""
        return super().identifier({**inputs, "name": plain(inputs["name"])}, answer)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it; an existing record is replaced only with `allowOverwrite`."""
        del urn
        self._put(cloud, inputs, "UPSERT" if inputs.get("allowOverwrite") else "CREATE")
        return self.identifier(inputs, {})

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return the record under its name and type."""
        if not inputs.get("zoneId"):
            zone, _, rest = identifier.partition("_")
            name, _, kind = rest.rpartition("_")
            inputs = {"zoneId": zone, "name": name, "type": kind}
        fqdn = self._fqdn(cloud, inputs)
        answer = self.call(
            cloud,
            self.row.read,
            may_be_missing=True,
            HostedZoneId=inputs["zoneId"],
            StartRecordName=fqdn,
            StartRecordType=inputs["type"],
            MaxItems="1",
        )
        for record in answer.get("ResourceRecordSets", []):
            if plain(record["Name"]) == fqdn and record["Type"] == inputs["type"]:
                return {**record, "inputs": inputs, "fqdn": fqdn}
        return None

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return names in the form of the inputs."""
        named: Properties = item.pop("inputs")
        fqdn: str = item.pop("fqdn")
        if alias := item.get("AliasTarget"):
            (target,) = cast("list[Properties]", inputs.get("aliases") or [{}])
            same = plain(target.get("name") or "") == plain(alias["DNSName"])
            alias["DNSName"] = target["name"] if same else plain(alias["DNSName"])
        item["ResourceRecords"] = [value["Value"] for value in item.get("ResourceRecords", [])]
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "fqdn": fqdn, "name": named["name"], "zoneId": named["zoneId"]}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change its target."""
        del id, old, changed
        self._put(cloud, new, "UPSERT")

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it with its current values, which AWS requires."""
        live = self.describe(cloud, id, outputs)
        if live is not None:
            record = {key: value for key, value in live.items() if key not in ("inputs", "fqdn")}
            self._change_record(cloud, outputs["zoneId"], "DELETE", record)

    def _fqdn(self, cloud: Cloud, inputs: Properties) -> str:
        name = plain(inputs["name"])
        answer = self.call(cloud, "get_hosted_zone", may_be_missing=True, Id=inputs["zoneId"])
        zone = plain(answer.get("HostedZone", {}).get("Name", ""))
        return name if not zone or name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"

    def _put(self, cloud: Cloud, inputs: Properties, action: str) -> None:
        record: dict[str, Any] = {"Name": self._fqdn(cloud, inputs), "Type": inputs["type"]}
        if aliases := inputs.get("aliases"):
            record["AliasTarget"] = {
                "DNSName": aliases[0]["name"],
                "EvaluateTargetHealth": aliases[0]["evaluateTargetHealth"],
                "HostedZoneId": aliases[0]["zoneId"],
            }
        else:
            values = cast("list[str]", inputs.get("records") or [])
            record |= {"TTL": inputs["ttl"], "ResourceRecords": [{"Value": value} for value in values]}
        self._change_record(cloud, inputs["zoneId"], action, record)

    def _change_record(self, cloud: Cloud, zone: str, action: str, record: dict[str, Any]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        missing = action == "DELETE"
        self.call(cloud, self.row.create, may_be_missing=missing, HostedZoneId=zone, ChangeBatch=batch)
