"""Serializers for input that refuse what they do not know."""

from collections.abc import Iterator
from typing import Any

from rest_framework import serializers

from rest.codes import CODES


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer for JSON input that takes nothing for something else.

    A field it does not declare is an error, not ignored; a number is no text and
    a text no number, where REST framework would convert them.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            problems = {str(name): problem for name, problem in self._problems(data)}
            if problems:
                raise serializers.ValidationError(problems)
        return super().to_internal_value(data)

    def _problems(self, data: dict[Any, Any]) -> Iterator[tuple[Any, list[str]]]:
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None:
                yield name, ["This field is not known here."]
            elif isinstance(field, serializers.CharField) and not isinstance(value, str | None):
                yield name, ["Not a valid string."]
            elif isinstance(field, serializers.IntegerField) and not _is_integer(value):
                yield name, ["A valid integer is required."]


class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every error, for the schema."""

    code = serializers.ChoiceField(choices=sorted(CODES))
    message = serializers.CharField()
    fields_ = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")  # `fields` is taken by the base class
        return fields


def _is_integer(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
