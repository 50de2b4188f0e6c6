"""The manifests of deploy/k8s, as Kubernetes would read them, without Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.local.paths import ROOT
from tests.yamls import document, documents

FOLDER = ROOT / "deploy" / "k8s"
KUSTOMIZATION = FOLDER / "kustomization.yaml"
SECRET = FOLDER / "secret.example.yaml"
WORKLOADS = {"Deployment", "Job"}
_REFERENCE = re.compile(r"\$\((\w+)\)")

Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    """Everything that `kubectl apply -k` would make."""
    kustomization = document(KUSTOMIZATION)
    return [each for name in kustomization["resources"] for each in documents(FOLDER / name)]


def of_kind(kind: str) -> dict[str, Manifest]:
    """By name."""
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == kind}


def workloads() -> dict[str, Manifest]:
    """Whatever makes pods, by name."""
    return {name: each for kind in sorted(WORKLOADS) for name, each in of_kind(kind).items()}


def pod(workload: Manifest) -> Manifest:
    template: Manifest = workload["spec"]["template"]["spec"]
    return template


def containers(workload: Manifest) -> Iterator[Manifest]:
    """Those that go before, too."""
    yield from pod(workload).get("initContainers", [])
    yield from pod(workload)["containers"]


def main_container(name: str) -> Manifest:
    (container,) = pod(workloads()[name])["containers"]
    found: Manifest = container
    return found


def config_map() -> dict[str, str]:
    (found,) = of_kind("ConfigMap").values()
    data: dict[str, str] = found["data"]
    return data


def secret_keys() -> set[str]:
    found = document(SECRET)
    return set(found["stringData"])


def environment(
    container: Manifest, *, secrets: Mapping[str, str], pod_ip: str = "127.0.0.1"
) -> dict[str, str]:
    """What the container would get: the map, the secret, its own, references filled in."""
    sources = {"configMapRef": config_map(), "secretRef": secrets}
    env: dict[str, str] = {}
    for source in container.get("envFrom", []):
        ((kind, _),) = source.items()
        env |= sources[kind]
    own: dict[str, str] = {}  # references are to these alone
    for each in container.get("env", []):
        own[each["name"]] = _value(each, own, pod_ip)
    return env | own


def _value(variable: Manifest, earlier: Mapping[str, str], pod_ip: str) -> str:
    source = variable.get("valueFrom", {})
    if "fieldRef" in source:
        assert source["fieldRef"]["fieldPath"] == "status.podIP"
        return pod_ip
    if "configMapKeyRef" in source:
        return config_map()[source["configMapKeyRef"]["key"]]
    return _REFERENCE.sub(lambda name: earlier[name[1]], variable["value"])
