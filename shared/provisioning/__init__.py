"""What an operator's machine needs before the services start: secrets, certificates, databases, topics and rights."""
