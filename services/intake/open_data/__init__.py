"""What the community shows everybody of requests: without words, addresses and people, and nothing that is rare."""
