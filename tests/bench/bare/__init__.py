"""The bare limits: the simplest honest form of what the platform does, without any of its promises."""
