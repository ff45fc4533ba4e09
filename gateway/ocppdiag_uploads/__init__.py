"""The other door: stations put their log files here, each under an address that works once."""
