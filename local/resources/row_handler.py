"""The handler of a row: create, read, update, delete and find by AWS's own service models."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import jmespath

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError, Unknown
from local.resources.conversion import (
    Conversion,
    member_of,
    normal,
    normal_json,
    normal_policy,
    with_defaults,
)

if TYPE_CHECKING:
    from local.resources.cloud import Cloud
    from local.resources.row import Change, Row, Tags


class RowHandler(Handler):
    """Makes, reads, changes and deletes what one row describes; what no row can say is a subclass."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.token = row.token
        self.force_new = dict.fromkeys(
            row.replace.split(), f"hashicorp/aws internal/service/{row.source}: ForceNew"
        )
        self.settled_at_creation = frozenset(row.settled.split())
        self.attributes = row.attributes.names if row.attributes else {}
        self.changed_by = {key: change for change in row.changes for key in change.properties.split()}
        self.in_place = frozenset([*self.changed_by, *self.attributes, *(["tags"] if row.tags else [])])
        self.name_property = row.name
        self.name_max_length = row.name_max_length
        self.tagged = row.tags is not None
        self.delete_before_replace = row.delete_before_replace
        self.conversion = Conversion(row.names, row.only_if_asked.split())
        self.sets, self.policies, self.json = (set(text.split()) for text in (row.sets, row.policies, row.json))

    # Compare

    def check(
        self, cloud: Cloud, *, name: str, old: Properties | None, new: Properties, random_hex: str
    ) -> Properties:
        """Return `new` with the schema's defaults, automatic name and default tags."""
        filled = with_defaults(new, self.row.defaults)
        return super().check(cloud, name=name, old=old, new=filled, random_hex=random_hex)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Whether the provider takes both for the same: order in sets, equal JSON, equivalent policies."""
        if isinstance(old, Unknown) or isinstance(new, Unknown):
            return False
        if key in self.policies:
            return bool(normal_policy(old or None) == normal_policy(new or None))
        if key in self.json:
            return bool(normal_json(old or None) == normal_json(new or None))
        unordered = key in self.sets
        return bool(normal(old, unordered=unordered) == normal(new, unordered=unordered))

    # Create, read, update, delete

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it with all that the create call takes, then change what has a call of its own."""
        row = self.row
        inputs = self._named(inputs)
        arguments: dict[str, Any] = {**row.arguments.get(row.create, {})}
        later: list[Change] = []
        own = {"tags", *self.settled_at_creation, *self.attributes}
        for key in sorted(key for key, value in inputs.items() if value is not None and key not in own):
            if self.conversion.put(arguments, self.shape(cloud, row.create), key, inputs[key]):
                continue
            if key not in self.changed_by:
                raise ResourceError(f"{self.token}: {row.create} does not know {key}: leave it out")
            if inputs[key] != row.defaults.get(key) and self.changed_by[key] not in later:
                later.append(self.changed_by[key])
        arguments = self.complete(cloud, row.create, arguments, inputs)
        answer = self.call(cloud, row.create, **arguments, **self.tag_arguments(cloud, urn, inputs))
        identifier = self.identifier(inputs, answer)
        for change in later:
            self._change(cloud, change, identifier, inputs)
        unusual = [key for key in self.attributes if inputs.get(key) not in (None, row.defaults[key])]
        self._set_attributes(cloud, identifier, inputs, unusual)
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with every property in the form that was asked for, where that means the same."""
        item = self.describe(cloud, id, inputs)
        return None if item is None else self.outputs(cloud, id, item, inputs)

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change what `changed` names, each by the operation for it."""
        for change in self.row.changes:
            if set(change.properties.split()) & set(changed):
                self._change(cloud, change, id, new, changed)
        self._set_attributes(cloud, id, new, [key for key in self.attributes if key in changed])
        if "tags" in changed and self.row.tags:
            self._retag(cloud, self.row.tags, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it, unless `skipDestroy` keeps it."""
        if outputs.get("skipDestroy"):
            return
        operation = self.row.delete
        arguments = self.identity(cloud, operation, id)
        for key in self.settled_at_creation:
            if outputs.get(key) is not None:
                self.conversion.put(arguments, self.shape(cloud, operation), key, outputs[key])
        self.call(cloud, operation, absent=True, **arguments)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the tag with the URN; what has no tags by its natural key, if it is just what is asked for."""
        if not self.row.tags and "{" in self.row.id:
            candidates: Iterable[tuple[str, Any]] = [(self.identifier(inputs, {}), None)]
        else:
            candidates = ((self._id_of(item), item) for item in self._list(cloud))
        for identifier, item in candidates:
            if cloud.is_known(self.token, identifier):
                continue
            if self.row.tags:
                if tagging.carries(self._tags(cloud, self.row.tags, identifier, item), urn):
                    return identifier
            elif self._is_as_asked(self.read(cloud, id=identifier, inputs=inputs), inputs):
                return identifier
        return None

    # For subclasses

    def complete(
        self, cloud: Cloud, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Return the arguments of a call with what no row can say."""
        del cloud, operation, inputs
        return arguments

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the id of what was made with `inputs`."""
        return self.row.id.format(**inputs) if "{" in self.row.id else str(jmespath.search(self.row.id, answer))

    def tag_arguments(self, cloud: Cloud, urn: str, inputs: Properties) -> dict[str, Any]:
        """Return the arguments that tag it as it is made, with the URN too."""
        row = self.row
        if not row.tags:
            return {}
        tags = tagging.with_urn(inputs.get("tags"), urn)
        if row.tag_specification:
            specification = {"ResourceType": row.tag_specification, "Tags": tagging.pairs(tags)}
            return {"TagSpecifications": [specification]}
        shape = self.shape(cloud, row.create).members[row.tags.argument]
        return {row.tags.argument: _tags_for(shape, tags)}

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return what AWS tells about it, None when it is gone."""
        del inputs
        row = self.row
        arguments = self.identity(cloud, row.read, identifier)
        answer = self.call(cloud, row.read, absent=True, **arguments)
        for item in cast("list[dict[str, Any]]", jmespath.search(row.items, answer) or []) if answer else []:
            if item and self._is_it(item, identifier):
                return item
        return None

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return all outputs from what AWS tells."""
        row = self.row
        outputs: Properties = {"region": cloud.region}
        for key, path in row.outputs.items():
            outputs[key] = self._output(cloud, identifier, item, path, key, inputs.get(key))
        for key in (self.force_new.keys() | self.in_place) - {"tags"} - outputs.keys() - self.attributes.keys():
            outputs[key] = self.conversion.pick(item, key, inputs.get(key))
        for key in [*self.policies, *self.json]:
            text = self.conversion.live(item, key)
            outputs[key] = json.dumps(text) if isinstance(text, Mapping) else text
        if row.attributes:
            outputs |= self._read_attributes(cloud, identifier, row.attributes.read)
        for key, live in outputs.items():
            asked = inputs.get(key)
            if asked is not None and self.same(key, asked, live):
                outputs[key] = asked
            elif asked is None and key in row.only_if_asked.split():
                outputs[key] = None
        outputs |= {key: inputs.get(key) for key in (*row.forgotten.split(), *self.settled_at_creation)}
        if row.tags:
            tags = tagging.visible(self._tags(cloud, row.tags, identifier, item))
            outputs |= {"tags": tags, "tagsAll": tags}
        if f"{row.name}Prefix" in self.force_new:
            outputs[f"{row.name}Prefix"] = inputs.get(f"{row.name}Prefix")
        return outputs

    def call(self, cloud: Cloud, operation: str, *, absent: bool = False, **arguments: Any) -> dict[str, Any]:
        """Call AWS; where `absent`, what is not there is an empty answer.

        Raises:
            ResourceError: AWS refused, or did not answer.
        """
        codes = self.row.absent.split() if absent else ()
        return call(cloud, self.row.service, operation, absent=codes, **arguments)

    def identity(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Return the arguments of an operation that name the resource, and those that it is always called with."""
        shape = self.shape(cloud, operation)
        arguments = dict(self.row.arguments.get(operation, {}))
        if self.row.by:
            Conversion({"id": self.row.by}, ()).put(arguments, shape, "id", identifier)
            return arguments
        for key, value in self._parts(identifier).items():
            self.conversion.put(arguments, shape, key, value)
        return arguments

    # Parts

    def shape(self, cloud: Cloud, operation: str) -> Any:
        meta = cloud.client(self.row.service).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[operation]).input_shape

    def _named(self, inputs: Properties) -> Properties:
        name = self.row.name
        if name is None or inputs.get(name) is not None:
            return inputs
        prefixed = {**inputs, name: f"{inputs[f'{name}Prefix']}{secrets.token_hex(6)}"}
        return {key: value for key, value in prefixed.items() if key != f"{name}Prefix"}

    def _parts(self, identifier: str) -> dict[str, str]:
        """The properties that the id is made of."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(self.row.id))
        match = re.fullmatch(pattern, identifier)
        if match is None:
            raise ResourceError(f"{self.token}: {identifier!r} is no id of one, which is {self.row.id}")
        return match.groupdict()

    def _is_it(self, item: Mapping[str, Any], identifier: str) -> bool:
        """Whether an item of an answer is the one: some operations give all that begin alike, or all."""
        if "{" not in self.row.id:
            return item.get(self._key, identifier) == identifier
        parts = {key: self.conversion.pick(item, key, None) for key in self._parts(identifier)}
        return all(parts[key] in (None, value) for key, value in self._parts(identifier).items())

    @property
    def _key(self) -> str:
        return self.row.key or self.row.id.rpartition(".")[2]

    def _id_of(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        if "{" not in self.row.id:
            return str(item[self._key])
        return self.row.id.format_map({key: self.conversion.pick(item, key, None) for key in self.force_new})

    def _list(self, cloud: Cloud) -> Iterator[Any]:
        operation = self.row.listing or self.row.read
        arguments = dict(self.row.arguments.get(operation, {}))
        client = cloud.client(self.row.service)
        if client.can_paginate(operation):
            answer = client.get_paginator(operation).paginate(**arguments).build_full_result()
        else:
            answer = self.call(cloud, operation, **arguments)
        yield from jmespath.search(self.row.listed or self.row.items, answer) or []

    def _is_as_asked(self, outputs: Properties | None, inputs: Properties) -> bool:
        return outputs is not None and all(
            self.same(key, outputs.get(key), inputs.get(key)) for key in self.force_new.keys() | self.in_place
        )

    def _output(self, cloud: Cloud, identifier: str, item: Any, path: str, key: str, asked: Any) -> Any:
        if "{id}" not in path:
            return self.conversion.from_aws(jmespath.search(path, item), key, asked)
        owner = item.get("OwnerId") or call(cloud, "sts", "get_caller_identity")["Account"]
        return f"arn:aws:{self.row.service}:{cloud.region}:{owner}:{path.format(id=identifier)}"

    def _change(
        self, cloud: Cloud, change: Change, identifier: str, new: Properties, changed: Iterable[str] = ()
    ) -> None:
        if not change.operation:
            return
        keys = change.properties.split()
        if change.reset and not new.get(keys[0]):
            self.call(cloud, change.reset, **self.identity(cloud, change.reset, identifier))
            return
        shape = self.shape(cloud, change.operation)
        arguments = {**self.identity(cloud, change.operation, identifier), **change.arguments}
        for key in keys:
            if new.get(key) is not None:
                self.conversion.put(arguments, shape, key, new[key])
            elif key in changed and change.operation != self.row.create:
                self._empty(arguments, shape, key)
        arguments = self.complete(cloud, change.operation, arguments, new)
        self.call(cloud, change.operation, **arguments)

    def _empty(self, arguments: dict[str, Any], shape: Any, key: str) -> None:
        """Ask for nothing where a property is not asked for any more; an operation that replaces all leaves it out."""
        for spelling in self.row.names.get(key, key).split("|"):
            if member := member_of(shape, spelling):
                empty: dict[str, Any] = {"string": "", "list": []}
                if shape.members[member].type_name in empty:
                    arguments[member] = empty[shape.members[member].type_name]

    def _set_attributes(self, cloud: Cloud, identifier: str, inputs: Properties, keys: list[str]) -> None:
        if not self.row.attributes or not keys:
            return
        operation = self.row.attributes.change
        texts = {self.attributes[key]: _text(inputs.get(key, self.row.defaults[key])) for key in keys}
        arguments = self.identity(cloud, operation, identifier)
        if member_of(self.shape(cloud, operation), "AttributeName"):
            for name, text in texts.items():
                self.call(cloud, operation, **arguments, AttributeName=name, AttributeValue=text)
        else:
            self.call(cloud, operation, **arguments, Attributes=tagging.pairs(texts))

    def _read_attributes(self, cloud: Cloud, identifier: str, operation: str) -> Properties:
        told = self.call(cloud, operation, **self.identity(cloud, operation, identifier))["Attributes"]
        texts = told if isinstance(told, dict) else {pair["Key"]: pair["Value"] for pair in told}
        outputs: Properties = {}
        for key, name in self.attributes.items():
            default, text = self.row.defaults[key], texts.get(name)
            if text is None:
                outputs[key] = default
            elif isinstance(default, bool):
                outputs[key] = text == "true"
            else:
                outputs[key] = type(default)(text)
        return outputs

    def _tags(self, cloud: Cloud, tags: Tags, identifier: str, item: Any) -> dict[str, str]:
        answer: Any = item
        if tags.read:
            arn = self._arn(cloud, identifier, item) if tags.by_arn else identifier
            answer = self.call(cloud, tags.read, absent=True, **self._tag_identity(cloud, tags, tags.read, arn))
        told = jmespath.search(tags.answer, answer) or []
        return dict(told) if isinstance(told, dict) else tagging.from_pairs(told)

    def _arn(self, cloud: Cloud, identifier: str, item: Any) -> str:
        return str(self._output(cloud, identifier, item, self.row.outputs["arn"], "arn", None))

    def _tag_identity(self, cloud: Cloud, tags: Tags, operation: str, resource: str) -> dict[str, Any]:
        shape = self.shape(cloud, operation)
        member = member_of(shape, tags.by) or tags.by
        many = shape.members[member].type_name == "list"
        fixed = self.row.arguments.get(operation, {})
        return {**fixed, member: [resource] if many else resource}

    def _retag(self, cloud: Cloud, tags: Tags, identifier: str, old: Properties, new: Properties) -> None:
        resource = str(old["arn"]) if tags.by_arn else identifier
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            shape = self.shape(cloud, tags.tag).members[tags.argument]
            arguments = self._tag_identity(cloud, tags, tags.tag, resource)
            self.call(cloud, tags.tag, **arguments, **{tags.argument: _tags_for(shape, to_set)})
        if to_remove:
            shape = self.shape(cloud, tags.untag).members[tags.keys]
            gone: list[Any] = list(to_remove)
            if shape.member.type_name == "structure":
                gone = [{"Key": key} for key in to_remove]
            arguments = self._tag_identity(cloud, tags, tags.untag, resource)
            self.call(cloud, tags.untag, **arguments, **{tags.keys: gone})


def _tags_for(shape: Any, tags: Mapping[str, str]) -> Any:
    if shape.type_name == "map":
        return dict(tags)
    key, value = (name for name in shape.member.members if name.lower() in {"key", "value"})
    return [{key: name, value: text} for name, text in tags.items()]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
