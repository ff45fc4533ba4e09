"""What one sender of files may cost the others, and that no name of a station can be a place of ours in the store."""

import asyncio
import os
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.identity import station_id
from ocppdiag_uploads.bounds import PER_STATION, Crowd, CrowdedError, Patience, Strangers
from ocppdiag_uploads.folder import INCOMING, FolderStore

steps = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60)


@given(steps, st.integers(1, 10))
def test_never_are_more_inside_than_may_be_and_who_leaves_makes_room(
    steps: list[tuple[str, bool]], most: int
) -> None:
    crowd = Crowd(most)
    inside: list[tuple[str, ExitStack]] = []
    for station, leaves in steps:
        if leaves and inside:
            inside.pop()[1].close()
            continue
        of_it = sum(other == station for other, _ in inside)
        full = len(inside) >= most or of_it >= PER_STATION
        assert crowd.full_for(station) == full
        stay = ExitStack()
        if full:
            with pytest.raises(CrowdedError):
                stay.enter_context(crowd.one_more(station))
        else:
            stay.enter_context(crowd.one_more(station))
            inside.append((station, stay))
    for _, stay in inside:
        stay.close()
    assert crowd._of == {}, "who is gone is forgotten"


sizes = st.integers(0, 2**40)
seconds = st.floats(0, 1e6)


@given(sizes, seconds)
def test_nobody_is_waited_for_longer_than_a_silence_and_nobody_who_keeps_the_pace_is_given_up(
    size: int, elapsed: float
) -> None:
    patience = Patience(idle_seconds=60, rate=128)
    left = patience.left(size, elapsed)
    assert left <= 60
    if size >= 128 * elapsed:
        assert left == 60
    if size == 0:
        assert left == 60 - elapsed


def test_a_byte_a_second_is_given_up_after_hardly_more_than_a_silence() -> None:
    patience = Patience(idle_seconds=60, rate=128)
    assert patience.left(60, 60) > 0 > patience.left(61, 61)


@given(st.lists(st.floats(0, 2), max_size=50))
def test_of_strangers_one_line_a_second_is_told_and_each_is_counted(pauses: list[float]) -> None:
    strangers, now, told = Strangers(), 0.0, []
    for pause in pauses:
        now += pause
        if count := strangers.told(now):
            told.append((now, count))
    assert all(later - earlier > 0.999 for (earlier, _), (later, _) in pairwise(told))
    assert sum(count for _, count in told) + strangers._untold == len(pauses)


def test_no_station_can_have_the_name_of_the_folder_for_what_is_on_its_way() -> None:
    with pytest.raises(ValueError, match="must be"):
        station_id(INCOMING)


async def test_the_file_of_a_used_address_is_read_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    async with store.incoming("CS-1", "c1") as incoming:
        await incoming.write(b"first")
        stored = await incoming.finish()
    found = await store.find("CS-1", "c1")
    assert found == stored
    path = tmp_path / "CS-1" / "c1.log"
    times = path.stat()
    await asyncio.to_thread(path.write_bytes, b"other")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert await store.find("CS-1", "c1") == stored, "it would be read again"
    os.utime(path, ns=(0, 0))
    assert await store.find("CS-1", "c1") != stored


async def test_the_folders_that_name_a_stored_log_are_on_the_disk_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    really = os.fsync

    def fsync(number: int) -> None:
        synced.append(Path(f"/proc/self/fd/{number}").readlink())
        really(number)

    monkeypatch.setattr(os, "fsync", fsync)
    async with FolderStore(tmp_path).incoming("CS-1", "c1") as incoming:
        await incoming.finish()
    assert synced[1:] == [tmp_path / "CS-1", tmp_path]
