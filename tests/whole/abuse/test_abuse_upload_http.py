"""Abuse of uploads: HTTP that is wrong, ambiguous or too much, on a bare socket, and forms that are bombs."""

import pytest
from installation import Installation
from uploading import path, said

CHUNKED = "Transfer-Encoding: chunked\r\n"
LENGTH = "Content-Length: 3\r\n"
CHUNKS = "3\r\nlog\r\n0\r\n\r\n"


@pytest.mark.abuse("26 two lengths", "400: what two readers could cut differently is no request")
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (LENGTH + CHUNKED, CHUNKS),
        (CHUNKED + LENGTH, CHUNKS),
        (CHUNKED + CHUNKED, CHUNKS),
        (LENGTH + "Content-Length: 4\r\n", "log"),
        (LENGTH + LENGTH, "log"),
        ("Content-Length: 3, 3\r\n", "log"),
        ("Content-Length: +3\r\n", "log"),
        ("Content-Length: -3\r\n", "log"),
        ("Content-Length: 0x3\r\n", "log"),
        ("Content-Length: 3_0\r\n", "log"),
        (f"Content-Length: {10**30}\r\n", "log"),
        ("Content-Length : 3\r\n", "log"),
        (" Content-Length: 3\r\n", "log"),
        ("Content-Length: 3\r\nX: folded\r\n over lines\r\n", "log"),
        ("Content-Length: 3\nX: only a line feed\r\n", "log"),
        ("Content-Length: 3\r\nX: a\0b\r\n", "log"),
        ("Transfer-Encoding: xchunked\r\n", CHUNKS),
        ("Transfer-Encoding: chunked, identity\r\n", CHUNKS),
        ("Transfer-Encoding: \x0bchunked\r\n", CHUNKS),
        (CHUNKED, "zz\r\nlog\r\n0\r\n\r\n"),
        (CHUNKED, "-3\r\nlog\r\n0\r\n\r\n"),
        (CHUNKED, f"{'f' * 20}\r\nlog\r\n0\r\n\r\n"),
        (CHUNKED, "3\r\nlogs\r\n0\r\n\r\n"),
        (CHUNKED, "3\nlog\n0\n\n"),
        (CHUNKED, f"3\r\nlog\r\n0\r\n{'A: b' * 50_000}\r\n\r\n"),
        (LENGTH + "Host: y\r\n", "log"),
    ],
)
async def test_a_body_that_two_readers_could_cut_differently_is_not_taken(
    installation: Installation, name: str, headers: str, body: str
) -> None:
    request = f"PUT {path(installation, name)} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}"
    assert await said(installation.running.upload_url, request) == [400]
    assert not list((installation.logs / name).glob("*"))


@pytest.mark.abuse(
    "26 no length", "411; 417 for an unknown expectation, 501 for a coding, 400 for a piece of a file"
)
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (411, "", ""),
        (411, "Expect: 100-continue\r\n", ""),
        (417, LENGTH + "Expect: 200-ok\r\n", "log"),
        (417, LENGTH + "Expect: 100-continue, gold\r\n", "log"),
        (501, "Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
        (400, LENGTH + "Content-Range: bytes 0-2/9\r\n", "log"),
    ],
)
async def test_a_body_that_is_not_plainly_a_whole_file_is_not_taken(
    installation: Installation, name: str, status: int, headers: str, body: str
) -> None:
    request = f"PUT {path(installation, name)} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}"
    assert await said(installation.running.upload_url, request) == [status]
    assert not list((installation.logs / name).glob("*"))


async def test_a_client_of_http_1_0_is_not_told_to_go_on(installation: Installation, name: str) -> None:
    """It would take that for the answer (RFC 9110, 10.1.1)."""
    request = f"PUT {path(installation, name)} HTTP/1.0\r\nExpect: 100-continue\r\n{LENGTH}\r\nlog"
    assert await said(installation.running.upload_url, request) == [201]


HUGE = {
    "line": ("a" * 9000, ""),
    "line of megabytes": ("a" * 2_000_000, ""),
    "value": ("", f"X: {'a' * 9000}\r\n"),
    "name": ("", f"{'X' * 9000}: a\r\n"),
    "too many": ("", "".join(f"X{n}: a\r\n" for n in range(200))),
    "far too many": ("", "X: a\r\n" * 200_000),
}


@pytest.mark.abuse("26 huge headers", "400: neither a line above 8 KiB nor more than 128 of them")
@pytest.mark.parametrize(("line", "headers"), HUGE.values(), ids=HUGE)
async def test_headers_without_measure_are_not_taken(
    installation: Installation, name: str, line: str, headers: str
) -> None:
    request = f"PUT {path(installation, name)}{line} HTTP/1.1\r\nHost: x\r\n{headers}{LENGTH}\r\nlog"
    assert await said(installation.running.upload_url, request) in ([400], [])
    assert not list((installation.logs / name).glob("*"))


@pytest.mark.abuse(
    "26 several requests at once", "each is judged for itself, and what is none ends the connection"
)
async def test_requests_in_one_go_are_judged_one_by_one(installation: Installation, name: str) -> None:
    def request(at: str, body: str) -> str:
        return f"PUT {at} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    first, second = (path(installation, name, tag) for tag in ("c1", "c2"))
    inner = request(second, "inner")
    together = request(first, inner) + request("/nonsense/", "log") + request(first, "again")
    assert await said(installation.running.upload_url, together) == [201, 404, 409]
    (stored,) = (installation.logs / name).iterdir()
    assert (stored.name, stored.read_bytes()) == ("c1.log", inner.encode())
    assert (await said(installation.running.upload_url, "NONSENSE\r\n\r\n")) == [400]


FORM = "form-data; boundary=b"
GOOD = "\r\n\r\nlog\r\n--b--\r\n"
"""Behind the headers of the first part."""

BOMBS = {
    "cut": ("--b\r\n\r\nlog", FORM),
    "cut before its end": ("--b\r\n\r\nlog\r\n", FORM),
    "another end": ("--b\r\n\r\nlog\r\n--bb--\r\n", FORM),
    "no beginning": ("log", FORM),
    "nothing": ("", FORM),
    "no part": ("--b--\r\n", FORM),
    "cut header": ("--b\r\nContent-Disp", FORM),
    "broken header": (f"--b\r\nno colon{GOOD}", FORM),
    "huge header": (f"--b\r\nX: {'a' * 900_000}{GOOD}", FORM),
    "many headers": ("--b" + "\r\na: b" * 100_000 + GOOD, FORM),
    "long preamble": ("a" * 900_000 + "\r\n--b" + GOOD, FORM),
    "charset": (f'--b\r\nContent-Disposition: form-data; name="_charset_"{GOOD}', FORM),
    "a part's length": (f"--b\r\nContent-Length: 999{GOOD}", "mixed; boundary=b"),
    "a part's negative length": (f"--b\r\nContent-Length: -1{GOOD}", "mixed; boundary=b"),
    "no boundary": (f"--b{GOOD}", "form-data"),
    "empty boundary": (f"--b{GOOD}", "form-data; boundary="),
    "long boundary": (f"--{'b' * 71}\r\n\r\nlog\r\n--{'b' * 71}--\r\n", f"form-data; boundary={'b' * 71}"),
    "forms in forms": (
        "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(5000)),
        "mixed; boundary=b0",
    ),
}


@pytest.mark.abuse(
    "27 a form that is a bomb", "400 within bounds, and nothing stays; a form in a form is not unpacked"
)
@pytest.mark.parametrize(("body", "kind"), BOMBS.values(), ids=BOMBS)
async def test_a_form_that_is_a_bomb_brings_nothing(
    installation: Installation, name: str, body: str, kind: str
) -> None:
    assert await said_to(installation, name, body, kind) == [400]
    assert not list((installation.logs / name).glob("*"))
    assert not list((installation.logs / ".incoming~").glob("*"))


@pytest.mark.abuse(
    "27 a form of thousands of parts", "the first is the file; the others are not even looked at"
)
async def test_of_a_form_only_the_first_part_is_kept(installation: Installation, name: str) -> None:
    body = "--b\r\n\r\nfirst\r\n" + "--b\r\nContent-Encoding: gzip\r\n\r\nother\r\n" * 20_000 + "--b--\r\n"
    assert await said_to(installation, name, body, FORM) == [201]
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == b"first"


@pytest.mark.abuse("27 a form whose file is packed", "stored as it came, whatever its headers say of it")
async def test_a_file_in_a_form_is_stored_as_it_came(installation: Installation, name: str) -> None:
    headers = "Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n"
    body = f"--b\r\n{headers}\r\nQUJD\r\n--b--\r\n"
    assert await said_to(installation, name, body, FORM) == [201]
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == b"QUJD"


async def said_to(installation: Installation, name: str, body: str, kind: str) -> list[int]:
    """What is answered to a form that is sent to an address of the test's own."""
    head = f"POST {path(installation, name)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request = f"{head}Content-Type: multipart/{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    return await said(installation.running.upload_url, request)
