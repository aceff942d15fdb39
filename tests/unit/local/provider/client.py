"""Calls a provider over gRPC, as the Pulumi CLI does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from local.provider import values

THING: Final = "toy:index:Thing"
URN: Final = "urn:pulumi:test::toys::toy:index:Thing::one"


@dataclass
class Client:
    """Calls one provider."""

    stub: Any

    def configure(self, **arguments: Any) -> Any:
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=values.encode(arguments)))

    def check(self, news: dict[str, Any], olds: dict[str, Any] | None = None, type_: str = THING) -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=URN,
                name="one",
                type=type_,
                news=values.encode(news),
                olds=values.encode(olds or {}),
                randomSeed=bytes(range(32)),
            )
        )

    def diff(
        self,
        old: dict[str, Any],
        new: dict[str, Any],
        type_: str = THING,
        outputs: dict[str, Any] | None = None,
    ) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=URN,
                type=type_,
                old_inputs=values.encode(old),
                news=values.encode(new),
                olds=values.encode(old if outputs is None else outputs),
            )
        )

    def create(self, properties: dict[str, Any], *, preview: bool = False) -> Any:
        return self.stub.Create(
            provider_pb2.CreateRequest(
                urn=URN, type=THING, name="one", properties=values.encode(properties), preview=preview
            )
        )

    def read(self, identifier: str, inputs: dict[str, Any], properties: dict[str, Any]) -> Any:
        return self.stub.Read(
            provider_pb2.ReadRequest(
                id=identifier,
                urn=URN,
                type=THING,
                name="one",
                inputs=values.encode(inputs),
                properties=values.encode(properties),
            )
        )

    def update(
        self, made: Any, old: dict[str, Any], new: dict[str, Any], *, preview: bool = False
    ) -> dict[str, Any]:
        response = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=URN,
                type=THING,
                name="one",
                olds=made.properties,
                old_inputs=values.encode(old),
                news=values.encode(new),
                preview=preview,
            )
        )
        return values.decode(response.properties)

    def delete(self, made: Any) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=made.id, urn=URN, type=THING, name="one", properties=made.properties
            )
        )


Served = Callable[..., Client]
"""Serves a provider of the toys, with further arguments of `Provider`, and returns a client of it."""
