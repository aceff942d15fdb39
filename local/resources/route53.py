"""Route 53 records in a zone that is already there."""

from __future__ import annotations

from typing import Any, Final, cast

from local.resources.base import Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_TYPES: Final = ("A", "AAAA", "CNAME")


def plain(name: str) -> str:
    """Return a DNS name in lower case, without the dot at its end and with a readable asterisk."""
    return name.lower().removesuffix(".").replace("\\052", "*")


class Record(RowHandler):
    """`aws:route53/record:Record`: an alias, or values with a TTL."""

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: a type that the local run does not do.
        """
        if isinstance(new.get("type"), str) and new["type"] not in _TYPES:
            raise ResourceError(
                f"{self.token} {name!r}: type {new['type']!r}; the local run does {', '.join(_TYPES)}"
            )
        return super().fill(cloud, name=name, old=old, new=new)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Names mean the same in either case, with and without a dot at the end."""
        if key == "name" and isinstance(old, str) and isinstance(new, str):
            return plain(old) == plain(new)
        return super().same(key, old, new)

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the zone's id, the name and the type."""
        return super().identifier({**inputs, "name": plain(inputs["name"])}, answer)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it; what is there already is replaced only if `allowOverwrite` says so."""
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
            absent=True,
            HostedZoneId=inputs["zoneId"],
            StartRecordName=fqdn,
            StartRecordType=inputs["type"],
            MaxItems="1",
        )
        for record in answer.get("ResourceRecordSets", []):
            if plain(record["Name"]) == fqdn and record["Type"] == inputs["type"]:
                return {**record, "asked": inputs, "fqdn": fqdn}
        return None

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return names as they were asked for."""
        asked: Properties = item.pop("asked")
        fqdn: str = item.pop("fqdn")
        if alias := item.get("AliasTarget"):
            (target,) = cast("list[Properties]", inputs.get("aliases") or [{}])
            same = plain(target.get("name") or "") == plain(alias["DNSName"])
            alias["DNSName"] = target["name"] if same else plain(alias["DNSName"])
        item["ResourceRecords"] = [value["Value"] for value in item.get("ResourceRecords", [])]
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "fqdn": fqdn, "name": asked["name"], "zoneId": asked["zoneId"]}

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change where it leads."""
        del id, old, changed
        self._put(cloud, new, "UPSERT")

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it as it is now: AWS wants the exact values."""
        live = self.describe(cloud, id, outputs)
        if live is not None:
            record = {key: value for key, value in live.items() if key not in ("asked", "fqdn")}
            self._change_record(cloud, outputs["zoneId"], "DELETE", record)

    def _fqdn(self, cloud: Cloud, inputs: Properties) -> str:
        name = plain(inputs["name"])
        answer = self.call(cloud, "get_hosted_zone", absent=True, Id=inputs["zoneId"])
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
        # No wait for the change to be in sync: the front door asks the emulator itself.
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        absent = action == "DELETE"
        self.call(cloud, self.row.create, absent=absent, HostedZoneId=zone, ChangeBatch=batch)
