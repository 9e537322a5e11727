"""What tests stand on: real servers, a running service in process, tokens."""
