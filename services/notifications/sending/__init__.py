"""From a message to its channel: claims, contacts, quiet hours, attempts."""
