"""`random:index/randomId:RandomId`, which exists only in the state: its outputs follow from its id."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode

from local.resources.base import Handler, Names, Properties
from local.resources.cloud import Cloud


class RandomId(Handler):
    """Random bytes in several encodings."""

    token = "random:index/randomId:RandomId"
    # hashicorp/random resource_id.go: RequiresReplace
    force_new = frozenset({"byteLength", "keepers", "prefix"})
    in_place = frozenset[str]()

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Return random bytes in URL-safe base64 as the id."""
        del cloud, urn
        return urlsafe_b64encode(secrets.token_bytes(inputs["byteLength"])).decode().rstrip("=")

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the bytes of the id in each encoding."""
        del cloud
        raw = urlsafe_b64decode(id + "=" * (-len(id) % 4))
        prefix = inputs.get("prefix") or ""
        return {
            **inputs,
            "byteLength": len(raw),
            "hex": prefix + raw.hex(),
            "dec": prefix + str(int.from_bytes(raw)),
            "b64Std": prefix + b64encode(raw).decode(),
            "b64Url": prefix + id,
        }

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Do nothing: every property requires replacement."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Do nothing: only the state has it."""
