"""Everything that is wrong with a frame, drawn at random: what to put on a websocket, byte for byte."""

import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ACTIONS = (
    "Heartbeat",
    "NotifyEvent",
    "LogStatusNotification",
    "NotifyMonitoringReport",
    "StatusNotification",
)
TIME = "2026-01-31T12:00:00Z"


def frame(
    opcode: int, content: bytes = b"", *, fin: bool = True, rsv1: bool = False, masked: bool = True
) -> bytes:
    """One frame as a client writes it, its mask all zeros."""
    head = bytes(((0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode,))
    mask = 0x80 if masked else 0
    size = len(content)
    if size < 126:
        head += bytes((mask | size,))
    elif size < 2**16:
        head += bytes((mask | 126,)) + size.to_bytes(2)
    else:
        head += bytes((mask | 127,)) + size.to_bytes(8)
    return head + (bytes(4) if masked else b"") + content


@dataclass(frozen=True)
class Wrong:
    """`closes` are the close codes with which the connection may end; empty where it stays."""

    kind: str
    data: bytes
    closes: tuple[int, ...] = ()


def call(content: str, message_id: str = '"w"', action: str = "NotifyEvent") -> bytes:
    """A text frame that is a CALL as far as it is one."""
    return frame(TEXT, f'[2,{message_id},"{action}",{content}]'.encode())


def _event(value: str) -> str:
    return (
        f'{{"generatedAt":"{TIME}","seqNo":0,"eventData":[{{"eventId":1,"timestamp":"{TIME}","trigger":"Delta",'
        f'"actualValue":{value},"component":{{"name":"EVSE"}},"variable":{{"name":"Power"}}}}]}}'
    )


def _report(rest: str) -> str:
    return f'{{"requestId":7,"seqNo":0,"generatedAt":"{TIME}"{rest}}}'


def _nested(random: Random, depth: int) -> str:
    opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
    return opening * depth + "1" + closing * depth


def _noise(random: Random) -> bytes:
    return frame(TEXT, "".join(random.choices(string.printable + "é🚗\0", k=random.randrange(80))).encode())


def _arity(random: Random) -> bytes:
    members: list[object] = [2, "w", "Heartbeat", {}, {}, []]
    return frame(TEXT, json.dumps(random.sample(members, random.randrange(6))).encode())


def _types(random: Random) -> bytes:
    odd: list[object] = [True, None, 2.5, "2", 2**70, -1, [], {}, "x" * random.randrange(300)]
    members = [random.choice([2, 3, 4, *odd]), random.choice(["w", *odd]), random.choice(["Heartbeat", *odd])]
    return frame(TEXT, json.dumps([*members, random.choice([{}, *odd])]).encode())


def _broken_call(random: Random) -> bytes:
    """A CALL that is right but for one byte."""
    text = bytearray(json.dumps([2, "w", random.choice(ACTIONS), json.loads(_event('"1"'))]).encode())
    text[random.randrange(len(text))] = random.randrange(0x20, 0x7F)
    return frame(TEXT, bytes(text))


def _unknown(random: Random) -> bytes:
    return frame(TEXT, json.dumps([random.choice([0, 1, 5, 6, 7, -2, 2**31]), "w", "Heartbeat", {}]).encode())


def _stray(random: Random) -> bytes:
    return frame(
        TEXT, json.dumps([random.choice([3, 4]), f"{random.random()}", {}][: random.randint(2, 3)]).encode()
    )


def _fragments(random: Random) -> bytes:
    """A text cut anywhere, with control frames in between."""
    text = call(_event('"é🚗"'))[8:]
    cut = random.randrange(1, len(text))
    middle = frame(random.choice((PING, PONG)), b"between")
    return frame(TEXT, text[:cut], fin=False) + middle + frame(CONT, text[cut:])


STAYING: dict[str, Callable[[Random], bytes]] = {
    "noise": _noise,
    "arity": _arity,
    "types": _types,
    "one byte": _broken_call,
    "message type": _unknown,
    "stray answer": _stray,
    "fragments": _fragments,
    "nested, 10 000 levels": lambda random: call(_nested(random, 10_000)),
    "nested, 900 levels": lambda random: call(_nested(random, random.randrange(60, 990))),
    "nested in customData": lambda random: call(
        _report(f',"customData":{{"vendorId":"v","x":{_nested(random, random.randrange(50, 70))}}}'),
        action="NotifyMonitoringReport",
    ),
    "nested answer": lambda random: frame(TEXT, f'[3,"w",{_nested(random, 9_000)}]'.encode()),
    "lone surrogate": lambda random: call(_event(random.choice(('"\\ud800"', '"\\udc00\\ud800"')))),
    "lone surrogate as id": lambda _: call("{}", '"\\ud800"', "Heartbeat"),
    "NaN": lambda random: call(_event(random.choice(("NaN", "-Infinity", "Infinity")))),
    "1e400": lambda random: call(_event(random.choice(("1e400", "-1e400", "9" * 400, "1e-400", "-0")))),
    "1e400 as a number": lambda random: call(
        _report(
            ',"monitor":[{"component":{"name":"E"},"variable":{"name":"V"},"variableMonitoring":'
            f'[{{"id":1,"transaction":false,"value":{random.choice(("1e400", "-1e400", "1e-400"))},'
            '"type":"Delta","severity":1}]}]'
        ),
        action="NotifyMonitoringReport",
    ),
    "numbers beyond 32 bits": lambda random: call(
        f'{{"requestId":{random.choice((-1, 2**31, 2**63, 2**64, "1e9", "1" * 5000))},"status":"Uploaded"}}',
        action="LogStatusNotification",
    ),
    "duplicate keys": lambda _: call(
        '{"status":"Idle","status":"Uploaded","requestId":1,"requestId":2}', action="LogStatusNotification"
    ),
    "an impossible time": lambda random: call(
        _event('"1"').replace(TIME, random.choice(("222222017-10-27T19:10:11Z", "", "0000-00-00T00:00:00Z")))
    ),
    "binary": lambda random: frame(BINARY, random.randbytes(random.randrange(60))),
    "long id": lambda random: call(
        "{}", json.dumps("x" * random.choice((37, 255, 256, 100_000))), "Heartbeat"
    ),
    "no action": lambda random: call("{}", action=random.choice(("", "*.#", "A" * 65, "Gét", "a b"))),
    "control characters": lambda _: call(_event('"\\r\\n\\u001b[2J\\u2028${jndi:ldap://x}\\u0000"')),
}

CLOSING: dict[str, tuple[Callable[[Random], bytes], int]] = {
    "10 MB": (lambda _: frame(TEXT, bytes(10_000_000))[:2000], 1009),
    "invalid UTF-8": (lambda _: frame(TEXT, b'[2,"w\xff","Heartbeat",{}]'), 1007),
    "invalid UTF-8 over fragments": (
        lambda _: frame(TEXT, b'[2,"\xf0\x9f', fin=False) + frame(CONT, b'","Heartbeat",{}]'),
        1007,
    ),
    "not masked": (lambda _: frame(TEXT, b"[]", masked=False), 1002),
    "reserved bit": (lambda _: frame(TEXT, b"[]", rsv1=True), 1002),
    "reserved opcode": (lambda random: frame(random.choice((0x3, 0x7, 0xB, 0xF))), 1002),
    "long ping": (lambda _: frame(PING, bytes(126)), 1002),
    "ping in pieces": (lambda _: frame(PING, fin=False), 1002),
    "no beginning": (lambda _: frame(CONT, b"[]"), 1002),
    "no end": (lambda _: frame(TEXT, b"[", fin=False) + frame(TEXT, b"[]"), 1002),
    "a close code that is none": (lambda random: frame(CLOSE, random.choice((b"\x03", b"\0\0"))), 1002),
}


def draw(random: Random, *, closing: float) -> Wrong:
    """Draw one frame, or what is taken for one; `closing` is the share of those that end a connection."""
    if random.random() < closing:
        kind, (make, code) = random.choice(list(CLOSING.items()))
        return Wrong(kind, make(random), (code,))
    kind = random.choice(list(STAYING))
    return Wrong(kind, STAYING[kind](random))
