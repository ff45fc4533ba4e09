"""The one room that speaks Redis: the pipeline, and the station directory that gateways, workers and the CLI share."""

from ocppdiag_redis.credentials import Credentials, Registration, RegistrationError
from ocppdiag_redis.directory import Directory, Lease, Older
from ocppdiag_redis.line import Command
from ocppdiag_redis.origin import Origin
from ocppdiag_redis.pipelined import Pipelined, Script, ScriptCall

__all__ = [
    "Command",
    "Credentials",
    "Directory",
    "Lease",
    "Older",
    "Origin",
    "Pipelined",
    "Registration",
    "RegistrationError",
    "Script",
    "ScriptCall",
]
