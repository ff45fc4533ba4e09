"""Who may send which command to which stations: what a file grants, what it does not, and what is no such file."""

import json
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ocppdiag_amqp import Delivery
from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.rights import RightsError
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.rights import Rights

TENANTS = b"""
[[tenant-a]]
commands = ["*"]
stations = ["A-*"]

[[tenant-a]]
commands = ["list_commands"]
stations = ["B-1"]

[["b@b.example"]]
commands = ["get_*", "cancel"]
stations = ["B-[12]", "star[*]"]
"""
READ_ALL = b'[[a]]\ncommands = ["get_log"]\nstations = ["*"]\n'
WRITE_ALL = b'[[b]]\ncommands = ["get_log"]\nstations = ["*"]\n'

users = st.sampled_from(["a", "b", "A", "a.b", "ü", " "])
names = st.sampled_from(sorted(COMMAND_NAMES))
commands = st.sampled_from([*sorted(COMMAND_NAMES), "*", "get_*", "[cs]*", "*_log"])
letters = st.sampled_from("aAb-*.")
stations = st.text(letters, min_size=1, max_size=4).filter(lambda text: bool(text.strip(".")))
patterns = st.text(st.sampled_from("aAb-*?.[]"), min_size=1, max_size=4)
grants = st.lists(st.tuples(st.lists(commands, min_size=1), st.lists(patterns, min_size=1)), min_size=1)


def toml(held: dict[str, list[tuple[list[str], list[str]]]]) -> bytes:
    lines = [
        f"[[{json.dumps(user)}]]\ncommands = {json.dumps(each[0])}\nstations = {json.dumps(each[1])}\n"
        for user, grants in held.items()
        for each in grants
    ]
    return "".join(lines).encode()


def rights(text: bytes = TENANTS) -> Rights:
    return Rights.read(text)


@pytest.mark.parametrize(
    ("user", "command", "station", "expected"),
    [
        ("tenant-a", "customer_information", "A-1", True),
        ("tenant-a", "customer_information", "B-1", False),
        ("tenant-a", "list_commands", "B-1", True),
        ("tenant-a", "list_commands", "B-2", False),
        ("tenant-a", "list_commands", "a-1", False),
        ("tenant-a", "get_log", "XA-1", False),
        ("Tenant-a", "get_log", "A-1", False),
        ("b@b.example", "get_log", "B-1", True),
        ("b@b.example", "get_log", "B-3", False),
        ("b@b.example", "get_log", "B-12", False),
        ("b@b.example", "set_monitoring_base", "B-1", False),
        ("b@b.example", "get_log", "star*", True),
        ("b@b.example", "get_log", "star-1", False),
        ("somebody", "get_log", "A-1", False),
        ("", "get_log", "A-1", False),
        (None, "get_log", "A-1", False),
    ],
)
def test_what_is_granted_is_allowed_and_nothing_else(
    user: str | None, command: str, station: str, *, expected: bool
) -> None:
    assert rights().allow(user, command, station) is expected


def test_a_command_that_nobody_knows_is_spoken_of_with_who_may_send_any_to_the_station() -> None:
    assert rights().allow("tenant-a", None, "B-1")
    assert not rights().allow("b@b.example", None, "A-1")


@given(patterns, names)
def test_who_may_only_look_on_may_send_nothing(station: str, command: str) -> None:
    held = rights(READ_ALL + b'[[b]]\nevents = ["#"]\n')
    assert not held.allow("b", command, station)
    assert not held.allow("b", None, station)
    assert not held.allow("b", None, "")


@given(st.dictionaries(users, grants, min_size=1), users | st.none(), names, stations)
def test_all_that_is_allowed_is_in_one_grant_of_that_user(
    held: dict[str, list[tuple[list[str], list[str]]]], user: str | None, command: str, station: str
) -> None:
    granted = any(
        any(fnmatchcase(command, each) for each in commands)
        and any(fnmatchcase(station, each) for each in stations)
        for commands, stations in held.get(user or "", [])
    )
    assert rights(toml(held)).allow(user, command, station) == granted


@given(st.dictionaries(users, grants, min_size=1), users, names, stations)
def test_who_has_no_grant_may_do_nothing(
    held: dict[str, list[tuple[list[str], list[str]]]], user: str, command: str, station: str
) -> None:
    held.pop(user, None)
    assume(held)
    assert not rights(toml(held)).allow(user, command, station)
    assert not rights(toml(held)).allow(user, None, station)


@given(stations)
def test_a_name_without_a_pattern_in_it_is_that_station_and_no_other(station: str) -> None:
    station_id(station)
    escaped = station.replace("*", "[*]")
    held = rights(toml({"a": [(["get_log"], [escaped])]}))
    assert held.allow("a", "get_log", station)
    for other in (
        f"{station}x",
        f"x{station}",
        f"{station}\n",
        station.swapcase(),
        station.replace("*", "y"),
    ):
        assert held.allow("a", "get_log", other) == (other == station)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "users: "),
        (b"# nobody yet\n", "users: "),
        (b"a = 1", "a: "),
        (b"[a]\ncommands = []", "a: "),
        (b"a = []", "a: "),
        (b"[[a]]", "a.0: grants nothing"),
        (b'[[a]]\nevents = [""]', "a.0.events.0: "),
        (READ_ALL + b'[[a]]\ncommands = ["*"]\nstations = []', "a.1: commands and stations go together"),
        (b'[[a]]\nstations = ["*"]\nevents = ["#"]', "a.0: commands and stations go together"),
        (b'[[a]]\ncommands = "*"\nstations = ["*"]', "a.0.commands: "),
        (b'[[a]]\ncommands = ["*"]\nstations = [1]', "a.0.stations.0: "),
        (b'[[a]]\ncommands = ["*"]\nstations = [""]', "a.0.stations.0: "),
        (b'[[a]]\ncommands = ["get-log"]\nstations = ["*"]', "a.0.commands.0: 'get-log' is none of cancel, "),
        (b'[[a]]\ncommands = ["Get_*"]\nstations = ["*"]', "a.0.commands.0: "),
        (b'[[a]]\ncommands = ["*"]\nstations = ["*"]\nstation = "x"', "a.0.station: "),
        (b'[[""]]\ncommands = ["*"]\nstations = ["*"]', "[key]: "),
        (READ_ALL[:-4], "no TOML: "),
        (b"\xff", "no TOML: "),
        (b"a = " + b"[" * 100_000, "no TOML: "),
    ],
)
def test_what_grants_nothing_that_can_be_understood_says_where(text: bytes, says: str) -> None:
    with pytest.raises(RightsError) as error:
        rights(text)
    assert says in str(error.value)


@given(st.binary())
def test_no_text_is_too_strange_to_be_refused(text: bytes) -> None:
    with suppress(RightsError):
        Rights.read(text)


def test_without_a_file_everybody_may_send_everything_and_that_is_said() -> None:
    with capture_logs() as said:
        allow_list = AllowList()
    assert [line["event"] for line in said] == ["commands_unrestricted"]
    assert allow_list.allows(None, "customer_information", "CS-1")


def test_a_file_that_is_wrong_at_the_start_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rights.toml"
    with pytest.raises(FileNotFoundError, match=r"rights\.toml"):
        AllowList(path)
    path.write_bytes(b"[[a]]")
    with pytest.raises(RightsError, match=r"/rights\.toml: a\.0: grants nothing"):
        AllowList(path)


async def test_a_file_that_changes_is_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rights.toml"
    path.write_bytes(READ_ALL)
    allow_list = AllowList(path)

    async def after(text: bytes | None, *, looks: int = 1) -> tuple[str, list[str]]:
        """Who may send a log command then, and what is said when it is looked so often."""
        path.unlink()
        if text is not None:
            path.write_bytes(text)
        else:
            path.mkdir()
        with capture_logs() as said:
            for _ in range(looks):
                await allow_list.look(path, settle=0)
        if path.is_dir():
            path.rmdir()
            path.touch()
        may = "".join(user for user in "ab" if allow_list.allows(user, "get_log", "CS-1"))
        return may, [line["event"] for line in said]

    assert await after(READ_ALL) == ("a", [])
    assert await after(WRITE_ALL) == ("b", ["rights_read"])
    assert await after(b"[[a]]", looks=3) == ("b", ["rights_unreadable"])
    assert await after(b"", looks=3) == ("b", ["rights_unreadable"])
    assert await after(None, looks=3) == ("b", ["rights_unreadable"])
    assert await after(READ_ALL) == ("a", ["rights_read"])


async def test_a_file_that_is_just_being_written_does_not_count_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rights.toml"
    path.write_bytes(READ_ALL + WRITE_ALL)
    allow_list = AllowList(path)
    path.write_bytes(READ_ALL)

    async def write_on(_: float) -> None:
        path.write_bytes(READ_ALL + b"\n" + WRITE_ALL)

    monkeypatch.setattr("asyncio.sleep", write_on)
    await allow_list.look(path)
    assert allow_list.allows("b", "get_log", "CS-1")
    await allow_list.look(path)
    assert allow_list.allows("b", "get_log", "CS-1")


@pytest.mark.parametrize(
    ("header", "senders"),
    [
        (None, ("last",)),
        ("first", ("last", "first")),
        ("first\nsecond", ("last", "first", "second")),
        ("", ("last", None)),
        ("first\n", ("last", "first", None)),
        (7, ("last",)),
    ],
)
def test_all_who_have_sent_a_message_are_its_senders(header: object, senders: tuple[str | None, ...]) -> None:
    headers = {} if header is None else {"sent_for": header}
    assert Delivery(b"", None, "", user_id="last", headers=headers).senders == senders
