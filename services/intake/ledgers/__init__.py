"""The open ledger of each activity's money: budget, sponsors, what residents paid out of their own pocket."""
