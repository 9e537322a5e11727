"""Each message's record: its states, its story and the counts."""
