"""The embedded default: everything that `make run` starts on one machine, without Docker or a JVM."""
