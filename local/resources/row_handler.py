"""The handler of a row: create, read, update, delete and find by AWS's own service models."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

import jmespath

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Handler, Names, Properties, ResourceError, Unknown
from local.resources.cloud import Cloud
from local.resources.comparison import normal, normal_json, normal_policy
from local.resources.conversion import Conversion, member_of, with_defaults
from local.resources.row import Change, Row


class RowHandler(Handler):
    """Creates, reads, updates and deletes what one row describes; a subclass adds the rest."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.token = row.token
        self.force_new = frozenset(row.replace.split())
        self.attributes: Mapping[str, tuple[str, Any]] = row.attributes.names if row.attributes else {}
        self.in_attributes = {path.partition(".")[0] for path in self.attributes}
        of_attributes = {path: default for path, (_, default) in self.attributes.items() if default != ""}
        self.defaults = {**of_attributes, **row.defaults}
        self._tags_property = ["tags"] if row.tags else []
        self.changed_by = {key: change for change in row.changes for key in change.properties.split()}
        self.in_place = frozenset([*self.changed_by, *self.in_attributes, *self._tags_property])
        self.settled_at_creation = frozenset(row.settled.split())
        self.name_property = row.name
        self.name_max_length = row.name_max_length
        self.tagged = row.tags is not None
        self.delete_before_replace = row.delete_before_replace
        self.conversion = Conversion(row.names, row.only_if_asked.split())

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new` with the schema's defaults."""
        del cloud, name, old
        return with_defaults(new, self.defaults)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Whether both mean the same: sets in any order, equal JSON, equivalent policies."""
        if isinstance(old, Unknown) or isinstance(new, Unknown):
            return False
        if key in self.row.policies.split():
            return bool(normal_policy(old) == normal_policy(new))
        if key in self.row.json.split():
            return bool(normal_json(old) == normal_json(new))
        unordered = key in self.row.sets.split()
        return bool(normal(old, unordered=unordered) == normal(new, unordered=unordered))

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it with all that the create call takes, then change what has a call of its own."""
        row = self.row
        arguments: dict[str, Any] = self._always(row.create)
        later: list[Change] = []
        own = {*self.settled_at_creation, *self.in_attributes, *self._tags_property}
        for key in sorted(key for key, value in inputs.items() if value is not None and key not in own):
            if self.conversion.put(arguments, self.shape(cloud, row.create), key, inputs[key]):
                continue
            if key not in self.changed_by:
                raise ResourceError(f"{self.token}: {row.create} does not know {key}: leave it out")
            if inputs[key] != self.defaults.get(key) and self.changed_by[key] not in later:
                later.append(self.changed_by[key])
        arguments = self.complete(row.create, arguments, inputs)
        answer = self.call(cloud, row.create, **arguments, **self.tag_arguments(cloud, urn, inputs))
        identifier = self.identifier(inputs, answer)
        for change in later:
            self._change(cloud, change, identifier, inputs)
        self._set_attributes(
            cloud, identifier, inputs, {key for key in inputs if inputs[key] != self.defaults.get(key)}
        )
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with every property in the form that was asked for, where that means the same."""
        item = self.describe(cloud, id, inputs)
        return None if item is None else self.outputs(cloud, id, item, inputs)

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change what `changed` names, each by the operation for it."""
        for change in self.row.changes:
            if set(change.properties.split()) & set(changed):
                self._change(cloud, change, id, new, changed)
        self._set_attributes(cloud, id, new, changed)
        if "tags" in changed and self.tagged:
            self._retag(cloud, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it, unless `skipDestroy` keeps it."""
        if outputs.get("skipDestroy") or not self.row.delete:
            return
        arguments = self.identity(cloud, self.row.delete, id)
        for key in self.settled_at_creation:
            if outputs.get(key) is not None:
                self.conversion.put(arguments, self.shape(cloud, self.row.delete), key, outputs[key])
        self.call(cloud, self.row.delete, absent=True, **arguments)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the tag with the URN; what has no tags by its natural key, if it is just what is asked for."""
        items = self._list(cloud, {} if self.tagged else inputs)
        candidates: Iterable[tuple[str, Any]] = ((self._id_of(item), item) for item in items)
        if not self.tagged and "{" in self.row.id:
            candidates = [(self.identifier(inputs, {}), None)]
        for identifier, item in candidates:
            if cloud.is_known(self.token, identifier):
                continue
            if self.tagged:
                found = tagging.carries(self._tags(cloud, identifier, item), urn)
            else:
                live = self.read(cloud, id=identifier, inputs=inputs)
                found = live and all(self.same(key, live.get(key), asked) for key, asked in inputs.items())
            if found:
                return identifier
        return None

    # What a subclass may use or replace.

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the id of what was made with `inputs`."""
        template = self.row.id
        return template.format(**inputs) if "{" in template else str(jmespath.search(template, answer))

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Return the arguments of a call that makes or changes it, with what no row can say."""
        del operation, inputs
        return arguments

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return what AWS says about it, None when it is gone."""
        del inputs
        arguments = self.identity(cloud, self.row.read, identifier)
        answer = self.call(cloud, self.row.read, absent=True, **arguments)
        items: list[Any] = (jmespath.search(self.row.items, answer) or []) if answer else []
        # Some operations also list what only begins alike, or everything.
        return next((item for item in items if item and self._is_it(item, identifier)), None)

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return all outputs from what AWS says about it."""
        row = self.row
        echoed = {*row.forgotten.split(), *self.settled_at_creation}
        own = {*self.in_attributes, *echoed, *self._tags_property, *row.outputs}
        outputs: Properties = {"region": cloud.region}
        for key, path in row.outputs.items():
            live = self._output(cloud, identifier, item, path)
            outputs[key] = self.conversion.from_aws(live, key, inputs.get(key))
        for key in (self.force_new | self.in_place) - own:
            if key in f"{row.policies} {row.json}".split():
                text = self.conversion.live(item, key)
                outputs[key] = json.dumps(text) if isinstance(text, Mapping) else text
            else:
                outputs[key] = self.conversion.pick(item, key, inputs.get(key))
        outputs |= self._read_attributes(cloud, identifier)
        for key, live in outputs.items():
            asked = inputs.get(key)
            if asked is not None and self.same(key, asked, live):
                outputs[key] = asked
            elif asked is None and key in row.only_if_asked.split():
                outputs[key] = None
        outputs |= {key: inputs.get(key) for key in echoed}
        outputs |= {key: value for key, value in row.computed.items() if not outputs[key]}
        if self.tagged:
            outputs["tags"] = outputs["tagsAll"] = tagging.visible(self._tags(cloud, identifier, item))
        return outputs

    def call(self, cloud: Cloud, operation: str, *, absent: bool = False, **arguments: Any) -> dict[str, Any]:
        """Call AWS; where `absent`, what is not there is an empty answer.

        Raises:
            ResourceError: AWS refused, or did not answer.
        """
        codes = self.row.absent.split() if absent else ()
        return call(cloud, self.row.service, operation, absent=codes, **arguments)

    def shape(self, cloud: Cloud, operation: str) -> Any:
        """Return botocore's shape of an operation's arguments."""
        meta = cloud.client(self.row.service).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[operation]).input_shape

    def identity(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Return the arguments of an operation that name the resource, and those that it always has."""
        if self.row.by:
            return self._by(cloud, operation, self.row.by, identifier)
        arguments = self._always(operation)
        for key, value in self._parts(identifier).items():
            self.conversion.put(arguments, self.shape(cloud, operation), key, value)
        return arguments

    def tag_arguments(self, cloud: Cloud, urn: str, inputs: Properties) -> dict[str, Any]:
        """Return the arguments that tag it as it is made, with the URN too."""
        if not self.row.tags:
            return {}
        tags = tagging.with_urn(inputs.get("tags"), urn)
        if self.row.tag_specification:
            kind = {"ResourceType": self.row.tag_specification, "Tags": tagging.pairs(tags)}
            return {"TagSpecifications": [kind]}
        return self._tags_argument(cloud, self.row.create, tags)

    # Ids

    def _parts(self, identifier: str) -> dict[str, str]:
        """Return the properties that the id is made of."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(self.row.id))
        match = re.fullmatch(pattern, identifier)
        if match is None:
            raise ResourceError(f"{self.token}: {identifier!r} is not a valid id, which is {self.row.id}")
        return match.groupdict()

    def _by(self, cloud: Cloud, operation: str, by: str, value: str) -> dict[str, Any]:
        arguments = self._always(operation)
        Conversion({"id": by}, ()).put(arguments, self.shape(cloud, operation), "id", value)
        return arguments

    def _always(self, operation: str) -> dict[str, Any]:
        return deepcopy(dict(self.row.arguments.get(operation, {})))

    @property
    def _key(self) -> str:
        return self.row.key or self.row.id.rpartition(".")[2]

    def _is_it(self, item: Mapping[str, Any], identifier: str) -> bool:
        if "{" not in self.row.id:
            # AWS also finds some by the last part of their ARN.
            return f"/{item.get(self._key, identifier)}".endswith(f"/{identifier}")
        parts = self._parts(identifier)
        return all(self.conversion.pick(item, key, value) in (None, value) for key, value in parts.items())

    def _id_of(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        if "{" not in self.row.id:
            return str(item[self._key])
        return self.row.id.format(**{key: self.conversion.pick(item, key, None) for key in self.force_new})

    def _list(self, cloud: Cloud, inputs: Properties) -> Iterator[Any]:
        operation = self.row.listing or self.row.read
        arguments = self._always(operation)
        for key in self.force_new & inputs.keys():
            self.conversion.put(arguments, self.shape(cloud, operation), key, inputs[key])
        answer = call(cloud, self.row.service, operation, all_pages=True, **arguments)
        yield from jmespath.search(self.row.listed or self.row.items, answer) or []

    def _output(self, cloud: Cloud, identifier: str, item: Any, path: str) -> Any:
        if path == "{id}":
            return identifier
        if "{id}" not in path:
            return jmespath.search(path, item)
        owner = item.get("OwnerId") or call(cloud, "sts", "get_caller_identity")["Account"]
        return f"arn:aws:{self.row.service}:{cloud.region}:{owner}:{path.format(id=identifier)}"

    # Changes

    def _change(
        self, cloud: Cloud, change: Change, identifier: str, new: Properties, changed: Iterable[str] = ()
    ) -> None:
        if not change.operation:
            return
        keys = change.properties.split()
        if change.reset and not new.get(keys[0]):
            self.call(cloud, change.reset, **self.identity(cloud, change.reset, identifier))
            return
        arguments = {**self.identity(cloud, change.operation, identifier), **change.arguments}
        # The call that also creates replaces everything: what is left out is gone.
        emptied = () if change.operation == self.row.create else changed
        for key in keys:
            if new.get(key) is not None or key in emptied:
                self.conversion.put(arguments, self.shape(cloud, change.operation), key, new.get(key))
        arguments = self.complete(change.operation, arguments, new)
        given = {name: value for name, value in arguments.items() if value is not None}
        self.call(cloud, change.operation, **given)

    def _set_attributes(
        self, cloud: Cloud, identifier: str, inputs: Properties, changed: Collection[str]
    ) -> None:
        pairs: dict[str, str] = {}
        for path, (name, default) in self.attributes.items():
            key, _, part = path.partition(".")
            if key in changed:
                asked: Any = inputs.get(key)
                value: Any = asked.get(part) if part and asked else asked
                value = default if value is None else value
                pairs[name] = str(value).lower() if isinstance(value, bool) else str(value)
        if not self.row.attributes or not pairs:
            return
        operation = self.row.attributes.change
        arguments = self.identity(cloud, operation, identifier)
        self.call(cloud, operation, **arguments, Attributes=tagging.pairs(pairs))

    def _read_attributes(self, cloud: Cloud, identifier: str) -> Properties:
        if not self.row.attributes:
            return {}
        operation = self.row.attributes.read
        answer = self.call(cloud, operation, **self.identity(cloud, operation, identifier))
        texts = tagging.from_pairs(answer["Attributes"])
        outputs: Properties = {}
        for path, (name, default) in self.attributes.items():
            key, _, part = path.partition(".")
            text = texts.get(name, str(default))
            value = text.lower() == "true" if isinstance(default, bool) else type(default)(text)
            if part:
                outputs.setdefault(key, {})[part] = value
            else:
                outputs[key] = value
        return outputs

    # Tags

    def _tags_argument(self, cloud: Cloud, operation: str, tags: Mapping[str, str]) -> dict[str, Any]:
        assert self.row.tags is not None  # noqa: S101 -- asked of tagged types only
        shape = self.shape(cloud, operation)
        name = str(member_of(shape, self.row.tags.argument))
        return {name: _tags_for(shape.members[name], tags)}

    def _tags(self, cloud: Cloud, identifier: str, item: Any) -> dict[str, str]:
        assert self.row.tags is not None  # noqa: S101 -- asked of tagged types only
        tags, answer = self.row.tags, item
        if tags.read:
            # A listing may give ARNs alone.
            by_output = tags.by_arn and not isinstance(item, str)
            arn = self.row.outputs.get("arn", "")
            resource = self._output(cloud, identifier, item, arn) if by_output else identifier
            arguments = self._by(cloud, tags.read, tags.by, resource)
            answer = self.call(cloud, tags.read, absent=True, **arguments)
        found: Any = jmespath.search(tags.answer, answer) or {}
        return cast("dict[str, str]", found) if isinstance(found, dict) else tagging.from_pairs(found)

    def _retag(self, cloud: Cloud, identifier: str, old: Properties, new: Properties) -> None:
        tags = self.row.tags
        assert tags is not None  # noqa: S101 -- other types have no property `tags`
        resource = str(old["arn"]) if tags.by_arn else identifier
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            arguments = self._by(cloud, tags.tag, tags.by, resource)
            arguments |= self._tags_argument(cloud, tags.tag, to_set)
            self.call(cloud, tags.tag, **arguments)
        if to_remove:
            arguments = self._by(cloud, tags.untag, tags.by, resource)
            shape = self.shape(cloud, tags.untag).members[tags.keys].member
            pairs = shape.type_name == "structure"
            arguments[tags.keys] = [{"Key": key} for key in to_remove] if pairs else to_remove
            self.call(cloud, tags.untag, **arguments)


def _tags_for(shape: Any, tags: Mapping[str, str]) -> Any:
    if shape.type_name == "map":
        return dict(tags)
    return tagging.pairs(tags, lower="key" in shape.member.members)
