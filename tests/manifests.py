"""What our kustomizations come to: rendered by kubectl, read object by object, and what each process is told by them."""

import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
OVERLAYS = ("dev", "production")
PROCESSES = ("gateway", "worker", "uploads")

Object = dict[str, Any]


both = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, "Manifests"]:
    """Each overlay; that for dev has drawn its secrets in a copy."""
    copy = tmp_path_factory.mktemp("copy") / "deploy"
    shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns("*.py"))
    subprocess.run(("sh", str(copy / "k8s/overlays/dev/secrets.sh")), check=True, timeout=30)  # noqa: S603, S607
    return {overlay: render(copy / "k8s/overlays" / overlay) for overlay in OVERLAYS}


@pytest.fixture
def manifests(rendered: dict[str, "Manifests"], overlay: str) -> "Manifests":
    return rendered[overlay]


@dataclass(frozen=True)
class Manifests:
    """The objects of one overlay."""

    objects: tuple[Object, ...]

    def of(self, *kinds: str) -> list[Object]:
        """All of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """The one of this name; of a ConfigMap or Secret, the hash behind it is not looked at."""
        (found,) = (each for each in self.of(kind) if bare(each) == name)
        return found

    @cached_property
    def pods(self) -> dict[str, Object]:
        """What each StatefulSet and Deployment makes pods of, by its name."""
        return {
            each["metadata"]["name"]: each["spec"]["template"]
            for each in self.of("StatefulSet", "Deployment")
        }

    def environment(self, process: str) -> dict[str, str]:
        """The variables that a process is started with; what we do not write is long enough."""
        (container,) = self.pods[process]["spec"]["containers"]
        told: dict[str, str] = {}
        for source in container["envFrom"]:
            if "configMapRef" in source:
                told |= self._named("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in container["env"]:
            told[variable["name"]] = self._value(variable, told)
        return told

    def _value(self, variable: Object, so_far: Mapping[str, str]) -> str:
        match variable:
            case {"value": str(text)}:  # Kubernetes leaves alone what it has not met before
                return re.sub(r"\$\((\w+)\)", lambda found: so_far.get(found[1], found[0]), text)
            case {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}:
                return self._secret(name, key)
            case {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}:
                return "gateway-0"
            case _:
                raise AssertionError(variable)

    def _secret(self, name: str, key: str) -> str:
        for each in self.of("Secret"):
            if each["metadata"]["name"] == name:
                return b64decode(each["data"][key]).decode()
        return f"redis://{name}" if key == "url" else f"{name}-{key}".ljust(40, "x")

    def _named(self, kind: str, name: str) -> Object:
        (found,) = (each for each in self.of(kind) if each["metadata"]["name"] == name)
        return found


def render(folder: Path) -> Manifests:
    """Have kubectl write out a kustomization."""
    kubectl = str(Path(sys.executable).with_name("kubectl"))
    done = subprocess.run(  # noqa: S603 (our own)
        (kubectl, "kustomize", str(folder)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # what it warns of will not work much longer
    return Manifests(tuple(yaml.safe_load_all(done.stdout)))


def bare(thing: Object) -> str:
    """The name without the hash that kustomize puts behind those of ConfigMaps and Secrets."""
    name: str = thing["metadata"]["name"]
    return re.sub(r"-[a-z0-9]{10}$", "", name) if thing["kind"] in ("ConfigMap", "Secret") else name


def containers(pod: Object) -> Iterator[Object]:
    """All containers of a pod."""
    yield from pod["spec"]["containers"]
    yield from pod["spec"].get("initContainers", ())
