"""What all endpoints have in common in the OpenAPI schema.

An endpoint names the errors that are its own, `responses={200: X,
**error_responses("unknown_ticker")}`; those that every endpoint shares (not
signed in, broken JSON, unavailable …) are added to all of them by `finish`.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from rest.codes import CODES
from rest.serializers import ErrorSerializer

METHODS = ("get", "post", "put", "patch", "delete")


def error_responses(*codes: str) -> dict[int, OpenApiResponse]:
    """The responses of these error codes, by status, each code with an example."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        status: OpenApiResponse(
            ErrorSerializer,
            description=" ".join(CODES[code].meaning for code in same),
            examples=[OpenApiExample(code, value=_example(code)) for code in same],
        )
        for status, same in by_status.items()
    }


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """POSTPROCESSING_HOOK: paths without the optional slash, and the errors all share."""
    result["paths"] = {path.rstrip("/"): item for path, item in result["paths"].items()}
    for item in result["paths"].values():
        for method in METHODS:
            if method in item:
                _add_common_errors(item[method])
    return result


def _add_common_errors(operation: dict[str, Any]) -> None:
    codes = ["unavailable"]
    if operation.get("parameters"):
        codes.append("invalid")
    if "requestBody" in operation:
        codes += ["invalid", "malformed", "too_large", "unsupported_media_type"]
    security = operation.get("security", [])
    if any(security):
        codes.append("token_invalid")
        if {} not in security:
            codes.append("not_authenticated")
    for code in codes:
        _add_error(operation["responses"], code)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _add_error(responses: dict[str, Any], code: str) -> None:
    status, meaning = CODES[code]
    response = responses.setdefault(
        str(status),
        {
            "description": meaning,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        },
    )
    examples = response["content"]["application/json"].setdefault("examples", {})
    if not any(example["value"]["code"] == code for example in examples.values()):
        examples[code] = {"value": _example(code)}
        if meaning not in response["description"]:
            response["description"] += f" {meaning}"


def _example(code: str) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": CODES[code].meaning}
    if code == "invalid":
        body = {
            "code": code,
            "message": "Some fields are not valid.",
            "fields": {"username": ["This field is required."]},
        }
    return body
