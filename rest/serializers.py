"""Serializers for input that refuse what they do not know."""

from typing import Any

from rest_framework import serializers

from rest.codes import CODES


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer for input: a field it does not declare is an error, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {str(name): ["This field is not known here."] for name in unknown}
                )
        return super().to_internal_value(data)


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
