"""What is known of orders: for as long as it must be, in no more room than it needs, at a cost that does not grow."""

from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_gateway.fates import Fate, Fates


class Until(float):
    """A time that counts how often it is looked at."""

    looks = 0

    def __gt__(self, other: float) -> bool:
        Until.looks += 1
        return float(self) > other


def test_to_settle_one_costs_the_same_however_many_there_are() -> None:
    fates = Fates(64)
    Until.looks = 0
    for number in range(10_000):
        fates.settle(f"m{number}", Fate.SENT, Until(7 * 86400), float(number))
    assert len(fates) == 10_000
    assert Until.looks < 2 * 10_000


def test_what_is_over_makes_room_again() -> None:
    fates = Fates(64)
    for number in range(10_000):
        fates.settle(f"m{number}", Fate.SENT, number + 10, number)
    assert len(fates) <= 64


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=300))
def test_nothing_is_forgotten_in_its_time_and_the_bound_holds(
    many: int, orders: list[tuple[int, int]]
) -> None:
    fates, now, known, most = Fates(many), 0, dict[str, int](), 0
    for number, (passed, lasts) in enumerate(orders):
        now += passed
        fates.settle(f"m{number}", Fate.REFUSED, now + lasts, now)
        known[f"m{number}"] = now + lasts
        alive = [message_id for message_id, until in known.items() if until > now]
        most = max(most, len(alive))
        assert all(fates.of(message_id) is Fate.REFUSED for message_id in alive)
        assert len(fates) <= max(many, 2 * most)
