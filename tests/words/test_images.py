"""The files of images and of Compose agree with the code, and with each other, where no engine is there to say so."""

import re
import tomllib
from pathlib import Path

import pytest

from ocppdiag_local import first_start
from ocppdiag_process.main import STOP_SECONDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = (DEPLOY / "compose.yaml").read_text()
CLUSTER = (DEPLOY / "compose.cluster.yaml").read_text()
TARGETS = ("gateway", "workers", "uploads", "cli")


def _stage(target: str) -> str:
    _, _, rest = DOCKERFILE.partition(f"FROM process AS {target}\n")
    return rest.partition("\nFROM ")[0]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_one_program_as_a_user_of_its_own_and_is_told_to_stop_itself(target: str) -> None:
    stage = _stage(target)
    readers = [*first_start.OURS.values(), first_start.PEOPLE]
    assert f"USER {readers[TARGETS.index(target)]}:{readers[TARGETS.index(target)]}\n" in stage
    assert re.search(r'^ENTRYPOINT \["', stage, re.MULTILINE), "a shell would keep SIGTERM to itself"


def test_the_images_have_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"ARG VERSION={project['version']}\n" in DOCKERFILE


def test_everything_is_compared_with_the_hashes_of_the_lock() -> None:
    installs = [
        line for line in DOCKERFILE.splitlines() if re.search(r"\bpip\b.* (install|download|wheel) ", line)
    ]
    assert len(installs) == 5
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_what_an_image_is_built_from_is_in_its_context() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source
        for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in words.split()
    ]
    assert len(copied) == 8
    for source in copied:
        assert any(each == source or each.startswith(f"{source}/") for each in let_in), source


def test_compose_waits_longer_than_a_process_takes_to_stop() -> None:
    (period,) = re.findall(r"stop_grace_period: (\d+)s", COMPOSE)
    assert int(period) > STOP_SECONDS


def test_nothing_is_published_beyond_this_machine_unless_somebody_says_so() -> None:
    published = re.findall(r"\S+:\$\{OCPPDIAG_\w*PORT:-\d+\}:\d+", COMPOSE + CLUSTER)
    assert len(published) == 4
    assert all(
        port.lstrip('["').startswith(("127.0.0.1:", "${OCPPDIAG_PUBLISH:-127.0.0.1}:")) for port in published
    )


def test_each_gateway_is_behind_the_load_balancer_and_has_a_user_of_its_own() -> None:
    gateways = set(re.findall(r"OCPPDIAG_NODE: (\S+)", COMPOSE))
    behind = re.findall(
        r"^  server (\S+) (\S+):9000$", (DEPLOY / "compose/haproxy.cfg").read_text(), re.MULTILINE
    )
    assert gateways == {"gateway-1", "gateway-2"}
    assert {name for name, _ in behind} == {host for _, host in behind} == gateways
    for text in (COMPOSE, CLUSTER):
        assert set(re.findall(r"--node=(\S+)", text)) == gateways
    assert {f"/secrets/users/gateway.{node}" for node in gateways} <= set(COMPOSE.split())


def test_whose_account_goes_with_its_name_is_told_by_the_tag_that_it_was_given() -> None:
    assert f"\\[{first_start.TAG}\\]$$//p' | grep -vxFf /secrets/rabbitmq/users" in COMPOSE


def test_no_password_is_committed() -> None:
    files = [DEPLOY / "compose.yaml", DEPLOY / "compose.cluster.yaml", *(DEPLOY / "compose").iterdir()]
    for file in files:
        for found in re.findall(
            r"(?im)^.*(?:password|requirepass|masterauth|auth-pass|secret_key).*$", file.read_text()
        ):
            assert found.lstrip().startswith("#"), (file, found)
        assert re.findall(r"://[^{}@\s]+:[^{}@\s]+@", file.read_text()) == []
