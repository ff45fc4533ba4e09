"""Holds the stations' websockets and puts their traffic on RabbitMQ: it knows turns, not meanings."""
