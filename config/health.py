"""`/health`: the process lives. `/health/ready`: what it needs is there, each by name."""

from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all; touches nothing else."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """To be completed."""
    return JsonResponse({"status": "ok"})
