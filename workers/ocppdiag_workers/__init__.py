"""Turn commands into OCPP calls, follow what stations send back, and bring every command to one final event."""
