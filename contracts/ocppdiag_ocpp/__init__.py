"""OCPP's words: frames, error codes, and every message with its request and response."""
