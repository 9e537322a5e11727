"""Households (户): who lives together, who heads it, and in which grid."""
