"""The event log in a PostgreSQL database of its own: what `make run` and a laptop use instead of Apache Kafka."""
