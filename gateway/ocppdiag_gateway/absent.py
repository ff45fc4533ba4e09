"""What is heard of an order for a connection that is not here. Pure."""

from typing import Any

from ocppdiag_contracts import link


def not_here(order: link.Call | link.Withdraw, node: str, now: float) -> link.Refused | link.Lost:
    """It is refused; of a CALL that comes again nobody knows: this gateway may have sent it before it began anew."""
    about: dict[str, Any] = {
        "station": order.station,
        "node": node,
        "connection": "",
        "epoch": order.epoch,
        "seq": 0,
        "at": now,
        "version": "",
        "owner": order.owner,
        "tag": order.tag,
        "action": order.action,
    }
    if isinstance(order, link.Call) and order.again:
        return link.Lost(**about)
    return link.Refused(**about, reason="gone")
