"""RabbitMQ over TLS, as a provider's is: reached with its authority's certificate, and nobody else in its place."""

from collections.abc import AsyncIterator
from pathlib import Path
from ssl import SSLCertVerificationError

import pytest
import pytest_asyncio
from certificates import HOST, Authority
from private import broker_of_our_own

from ocppdiag_amqp import Broker, BrokerError, Publisher
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local import ports


@pytest_asyncio.fixture
async def tls_port(tmp_path: Path) -> AsyncIterator[int]:
    """Where a broker of our own speaks TLS with a certificate for localhost, vouched for by `ca.pem`."""
    authority = Authority.new()
    folder, ca = authority.server().save(tmp_path), authority.save_pem(tmp_path / "ca.pem")
    (port,) = ports.free(1)
    settings = tmp_path / "rabbitmq" / "rabbit-0" / "conf.d"
    settings.mkdir(parents=True)
    settings.joinpath("tls.conf").write_text(
        f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {ca}\nssl_options.verify = verify_none\n"
        f"ssl_options.certfile = {folder / 'tls.crt'}\nssl_options.keyfile = {folder / 'tls.key'}\n"
    )
    async with broker_of_our_own(tmp_path / "rabbitmq"):
        yield port


async def test_it_is_reached_over_tls_and_nobody_is_in_its_place(tmp_path: Path, tls_port: int) -> None:
    ours, other = tmp_path / "ca.pem", Authority.new("Another").save_pem(tmp_path / "other.pem")
    async with Broker(f"amqps://guest:guest@{HOST}:{tls_port}/?cafile={ours}", name="test") as broker:
        await broker.declare_exchanges()
        await (await Publisher.open(broker)).publish(EVENTS, "nobody", b"{}", mandatory=False)
        assert broker.usable
    for host, ca in ((HOST, f"?cafile={other}"), (HOST, ""), ("127.0.0.1", f"?cafile={ours}")):
        stranger = Broker(f"amqps://guest:hunter2@{host}:{tls_port}/{ca}", name="test")
        with pytest.raises(
            BrokerError,
            match=f"cannot reach RabbitMQ at {host}:{tls_port}: its certificate is not to be trusted: .",
        ) as refused:
            async with stranger:
                pass
        assert refused.value.__cause__
        assert isinstance(refused.value.__cause__.__cause__, SSLCertVerificationError)
        assert "hunter2" not in str(refused.value)
