"""Emergency contacts (紧急联系人): who is told when an elder does not answer."""
