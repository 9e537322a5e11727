"""`longxi classify` and `longxi classifier`: categories of messages in files, and the model that finds them."""
