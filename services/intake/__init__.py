"""What residents ask for: residents and their personal data, requests from filing to rating."""
