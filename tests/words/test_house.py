"""The house rules that a machine can check: what is listed is there, what is there is listed, and files stay small."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_workers.features import FEATURES

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "gateway", "workers", "deploy")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LISTED: list[str] = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

LONGEST_FILE = 250
VAGUE = {"utils", "util", "helpers", "helper", "base", "manager", "common", "misc"}
OURS = re.compile(r"ocppdiag_[a-z]+")


def _there() -> set[str]:
    packages = {file.parent for room in ROOMS for file in (ROOT / room).glob("*/__init__.py")}
    return {package.relative_to(ROOT).as_posix() for package in packages}


def _files() -> Iterator[Path]:
    for package in sorted(_there()):
        yield from sorted((ROOT / package).rglob("*.py"))


def _modules(package: str) -> set[str]:
    outer, *inner = package.split(".")
    (folder,) = (folder for folder in LISTED if folder.endswith(outer))
    return {
        f"{package}.{file.stem}"
        for file in ROOT.joinpath(folder, *inner).glob("*.py")
        if file.stem != "__init__"
    }


def _features(package: str) -> dict[str, object]:
    """The FEATURE of every module in a package that has one."""
    loaded = {name: import_module(name) for name in _modules(package)}
    return {name: module.FEATURE for name, module in loaded.items() if hasattr(module, "FEATURE")}


def test_the_wheel_has_exactly_the_packages_that_exist() -> None:
    assert sorted(LISTED) == sorted(_there())
    assert all(OURS.fullmatch(Path(package).name) for package in LISTED)


@pytest.mark.parametrize("package", LISTED)
def test_a_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_every_file_says_in_its_first_sentence_what_it_is_for() -> None:
    silent = [file for file in _files() if not ast.get_docstring(ast.parse(file.read_text()))]
    assert silent == []


def test_no_file_is_long() -> None:
    long = {file.name: len(file.read_text().splitlines()) for file in _files()}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    assert [file for file in _files() if VAGUE & {file.stem, file.parent.name}] == []


def test_every_message_is_in_the_profile_once() -> None:
    there = _features("ocppdiag_ocpp.messages")
    assert len(there) >= 5
    assert sorted(map(id, PROFILE)) == sorted(map(id, there.values()))


def test_every_message_names_its_action_and_has_both_halves_in_every_version() -> None:
    for feature in PROFILE:
        assert feature.versions
        for version, shapes in feature.versions.items():
            suffix = "" if version is OcppVersion.V201 else version.name
            assert shapes.request.__name__ == f"{feature.action}Request{suffix}"
            assert shapes.response.__name__ == f"{feature.action}Response{suffix}"


def test_every_feature_is_listed_once() -> None:
    there = _features("ocppdiag_workers.features")
    assert len(there) == len(_modules("ocppdiag_workers.features"))
    assert sorted(map(id, FEATURES)) == sorted(map(id, there.values()))


def test_every_command_has_exactly_one_feature_that_carries_it_out() -> None:
    carried_out = [feature.work.command for feature in FEATURES if feature.work]
    assert sorted(carried_out, key=id) == sorted(COMMAND_TYPES, key=id)


def test_no_two_features_hear_the_same_call_and_each_call_is_a_message() -> None:
    heard = [action for feature in FEATURES for action in feature.hears]
    assert sorted(heard) == sorted(set(heard))
    assert set(heard) <= {feature.action for feature in PROFILE}
