"""Compares what stations told with what was heard: no part is lost, and what is completed is whole. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import marks
from dossiers import Dossier
from histories import Answer, Histories, Told
from verdict import Counts, Violation

Key = tuple[object, ...]
"""A part but for its content."""


def compare(histories: Histories, dossiers: Iterable[Dossier]) -> tuple[Counts, list[Violation]]:
    """Compare what stations told with what was heard, and reports with what belongs to them."""
    heard: dict[Key, dict[str, str | None]] = defaultdict(dict)
    """What each event says; one event may come with its content and without."""
    for each in histories.heard:
        if part := marks.part_heard(each.event):
            event_id = each.event["id"]
            heard[part[:-1]][event_id] = part.content or heard[part[:-1]].get(event_id)
    answered: dict[Key, dict[str | None, Told]] = defaultdict(dict)
    told: set[Key] = set()
    counts = Counter[Answer]()
    for said in histories.told:
        if part := marks.part_told(said.station, said.action, said.payload):
            counts[said.answer] += 1
            told.add(part[:-1])
            if said.answer is Answer.RESULT:
                answered[part[:-1]][part.content] = said
    lost = [
        *(one for key, contents in answered.items() for one in _lost(contents, heard[key])),
        *(one for each in dossiers for one in _whole(each)),
    ]
    stations = {each.station for each in histories.sent}
    strange = [
        Violation("part unexpected", f"{key} was told by no station", tuple(events))
        for key, events in heard.items()
        if events and key not in told and key[0] in stations
    ]
    unknown = counts[Answer.ERROR] + counts[Answer.NONE]
    return Counts(counts.total(), counts[Answer.RESULT] - len(lost), unknown), [*lost, *strange]


def _lost(contents: Mapping[str | None, Told], events: Mapping[str, str | None]) -> Iterator[Violation]:
    """Those of the parts with one number that are in no event; one that may not say its content may be any of them."""
    silent = sum(content is None for content in events.values())
    untold = [said for content, said in contents.items() if content not in events.values()]
    for said in untold[silent:]:
        yield Violation("part lost", "a part was answered, and is in no event", (said,))


def _whole(dossier: Dossier) -> Iterator[Violation]:
    """What a completed command has brought is all that belongs to it, and nothing else."""
    sent = dossier.sent[0]
    for final in dossier.finals:
        result = final.event.get("result") or {}
        if final.event["outcome"] != "completed":
            continue
        texts = marks.contents(sent.station, sent.action, sent.mark)
        if "first_part_missing" in result.get("irregularities", ()) and not _has_first(dossier):
            # The station was told that its first part was not taken, and went on: it looks like one that counts from 1.
            texts = texts[1:]
        match result.get("kind"):
            case "log_file":
                body = marks.log(sent.station, sent.mark)
                whole = (result["size"], result["sha256"]) == (len(body), marks.digest(body))
            case "monitoring_report" if result.get("monitor") is not None:
                said = [one["variable"]["instance"].removeprefix("other ") for one in result["monitor"]]
                whole = said == list(texts)
            case "customer_report" if result.get("data") is not None:
                whole = result["data"].replace("other ", "") == "".join(texts)
            case "monitoring_report" | "customer_report":
                whole = result["parts"] == len(texts)
            case _:
                whole = True
        if not whole:
            yield Violation("part lost", f"{sent.command_id} is completed and not whole", (sent, final))


def _has_first(dossier: Dossier) -> bool:
    parts = (marks.part_heard(each.event) for each in dossier.heard)
    return any(part is not None and part.number == 0 for part in parts)
