"""Everything on one machine: RabbitMQ and Redis found or started, our processes, and the `ocppdiag` command."""
