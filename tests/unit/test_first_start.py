"""What a new installation is given is made once, is for one user each to read, and never changes by itself."""

import json
import os
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ocppdiag_contracts.definitions_document import password_hash
from ocppdiag_local import first_start

RIGHTS = '[[support]]\ncommands = ["*"]\nstations = ["*"]\n'


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Whose group a file is of; who is not root can only give files to groups of their own."""
    if os.geteuid():
        monkeypatch.setattr(first_start, "OURS", dict.fromkeys(first_start.OURS, os.getgid()))
        monkeypatch.setattr(first_start, "PEOPLE", os.getgid())
        monkeypatch.setattr(first_start, "ROOT", os.getgid())
    return {**first_start.OURS, "people": first_start.PEOPLE, "root": first_start.ROOT}


def start(folder: Path, rights: str = RIGHTS) -> Path:
    services = folder / "rights.toml"
    services.write_text(rights)
    addresses = ["--amqp=amqp://{}@rabbitmq:5672/", "--redis=redis://default:{}@redis:6379/0"]
    outside = "--outside=amqp://{}@127.0.0.1:5672/"
    nodes = ["--node=gateway-1", "--node=gateway-2"]
    first_start.main([str(folder / "made"), f"--services={services}", *nodes, *addresses, outside])
    return folder / "made"


def settings(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("readers")
def test_each_user_of_the_broker_has_what_it_needs_and_no_more(tmp_path: Path) -> None:
    users = start(tmp_path) / "users"
    every = {user.name: settings(user) for user in users.iterdir()}
    assert {user: set(given) for user, given in every.items()} == {
        "gateway.gateway-1": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_REDIS_URL", "OCPPDIAG_CREDENTIAL_KEY"},
        "gateway.gateway-2": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_REDIS_URL", "OCPPDIAG_CREDENTIAL_KEY"},
        "worker": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_REDIS_URL", "OCPPDIAG_UPLOAD_KEY"},
        "uploads": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_UPLOAD_KEY"},
        "operator": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_REDIS_URL", "OCPPDIAG_CREDENTIAL_KEY"},
        "support": {"OCPPDIAG_AMQP_URL", "OCPPDIAG_REDIS_URL", "OCPPDIAG_CREDENTIAL_KEY"},
    }
    assert every["worker"]["OCPPDIAG_UPLOAD_KEY"] == every["uploads"]["OCPPDIAG_UPLOAD_KEY"]
    keys = {given.get("OCPPDIAG_CREDENTIAL_KEY") for given in every.values()} - {None}
    assert len(keys) == 1
    passwords = {urlsplit(given["OCPPDIAG_AMQP_URL"]).password for given in every.values()}
    assert len(passwords) == len(every)


def test_each_file_is_for_one_user_of_the_system_to_read(tmp_path: Path, readers: dict[str, int]) -> None:
    made = start(tmp_path)
    for file in (file for file in made.rglob("*") if file.is_file()):
        within = file.relative_to(made).parts
        owner = within[1].partition(".")[0] if within[0] == "users" else "root"
        if within[0] == "outside" or owner in {"support", "operator"}:
            owner = "people"
        assert file.stat().st_gid == readers[owner], file
        assert file.stat().st_mode & 0o7777 == (0o600 if file.name == "kept.json" else 0o640), file


@pytest.mark.usefixtures("readers")
def test_to_start_again_changes_nothing_and_a_new_service_gets_its_own(tmp_path: Path) -> None:
    made = start(tmp_path)
    before = contents(made)
    start(tmp_path, RIGHTS + '[["bill@example"]]\ncommands = ["get_log"]\nstations = ["*"]\n')
    after = contents(made)
    salted = {"rabbitmq/definitions.json", "rabbitmq/users", "kept.json"}
    assert {path: after[path] for path in before.keys() - salted} == {
        path: before[path] for path in before.keys() - salted
    }
    assert after.keys() - before.keys() == {
        "outside/bill@example/OCPPDIAG_AMQP_URL",
        *(f"users/bill@example/{name}" for name in settings(made / "users" / "support")),
    }
    assert "amqp://bill%40example:" in after["users/bill@example/OCPPDIAG_AMQP_URL"]


@pytest.mark.usefixtures("readers")
def test_a_service_that_is_taken_out_leaves_nothing_and_comes_back_with_a_new_password(
    tmp_path: Path,
) -> None:
    bill = '[["bill"]]\ncommands = ["get_log"]\nstations = ["*"]\n'
    made = start(tmp_path, RIGHTS + bill)
    before, stays = contents(made), (made / "users/support/OCPPDIAG_AMQP_URL").read_text()
    start(tmp_path)
    assert before.keys() - contents(made).keys() == {path for path in before if "/bill/" in path}
    assert not any("bill" in text for text in contents(made).values())
    assert "bill" not in (made / "rabbitmq/users").read_text().splitlines()
    start(tmp_path, RIGHTS + bill)
    after = contents(made)
    assert "bill" in after["rabbitmq/users"].splitlines()
    assert after.keys() == before.keys()
    assert after["users/bill/OCPPDIAG_AMQP_URL"] != before["users/bill/OCPPDIAG_AMQP_URL"]
    assert after["users/support/OCPPDIAG_AMQP_URL"] == stays


@pytest.mark.usefixtures("readers")
def test_the_broker_is_told_the_hashes_of_those_passwords(tmp_path: Path) -> None:
    made = start(tmp_path)
    text = (made / "rabbitmq" / "definitions.json").read_text()
    for user in json.loads(text)["users"]:
        url = (made / "users" / user["name"] / "OCPPDIAG_AMQP_URL").read_text()
        password = urlsplit(url).password or ""
        salt = b64decode(user["password_hash"])[:4]
        assert user["password_hash"] == password_hash(password, salt)
        assert password not in text
        assert user["tags"] == [first_start.TAG]


@pytest.mark.usefixtures("readers")
def test_a_name_that_is_no_folder_and_rights_that_are_none_are_refused(tmp_path: Path) -> None:
    for name in ("../worker", ".", "a/b"):
        with pytest.raises(SystemExit, match="folder here"):
            start(tmp_path, f'[["{name}"]]\ncommands = ["*"]\nstations = ["*"]\n')
    with pytest.raises(SystemExit, match="no TOML"):
        start(tmp_path, "[[")
    assert not (tmp_path / "made").exists()
