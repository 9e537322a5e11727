"""`longxi run` and `longxi demo`: the embedded platform, the sample community, and the flow as it happens."""
