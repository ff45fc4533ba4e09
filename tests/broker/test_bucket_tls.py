"""A bucket behind a certificate of the operator's own authority: `SSL_CERT_FILE` says which, and nobody else is trusted."""

import threading
from collections.abc import Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from buckets import KEYS, environment
from certificates import HOST, Authority

from ocppdiag_uploads.bucket import BucketStore
from ocppdiag_uploads.store import StoreError

ANSWER = b"<Error><Code>NoSuchBucket</Code></Error>"


class Answering(BaseHTTPRequestHandler):
    """Speaks as much S3 as shows that somebody has come in."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    authority = Authority.new()
    authority.save_pem(tmp_path / "ca.pem")
    folder = authority.server().save(tmp_path)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_the_authority_is_the_operators(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    for said in ("no answer", "NoSuchBucket"):
        with environment(**KEYS, AWS_ENDPOINT_URL=endpoint):
            store = BucketStore("s3://logs")
        async with aclosing(store):
            with pytest.raises(StoreError, match=said):
                await store.check()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
