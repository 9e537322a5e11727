"""`longxi backup`, `longxi restore`, `longxi realign`, and the steps of changing a master key."""
