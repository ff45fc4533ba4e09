"""The yardstick: what the same way costs with the same libraries and nothing on it. It is no product and no example.

A station's CALL goes from a websocket (websockets on uvloop) to a quorum queue (aio-pika: persistent, mandatory,
confirmed), from there to a worker, which does one `SET NX EX` in Redis (redis-py) for it, and by the gateway's own
quorum queue (transient, mandatory, confirmed) back to the socket as a CALLRESULT `{}`; a message is acknowledged when
the replies to what is in it are confirmed. Only public interfaces of these libraries are used.

It comes in two kinds (YARDSTICK in the environment):

- `batched`: group commit. One unconfirmed message a queue; what arrives meanwhile goes in the next one, 256 frames or
  64 kB at most, without a timer; one Redis pipeline a message; the replies to a gateway go together; one ack a message.
- `single`: a message for each frame, a confirm awaited for each message, a command on Redis's pool for each, an ack
  for each. Everything else is the same.

What it leaves out, and what the product's figures therefore hold beside it: authentication, leases and takeovers, our
own CALLs and their turns, order and repetition, retries, dead letters, recovery from anything that breaks (it ends),
correlation with commands, events, validation of payloads, limits on what a station may do, logs, metrics.

It is meant to be as fast as these libraries allow in a few files that can be read; who finds it handicapped mends it,
because the product is measured against it.
"""
