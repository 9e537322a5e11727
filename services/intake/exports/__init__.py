"""Exports (个人信息副本): all that is held of a person, handed to them."""
