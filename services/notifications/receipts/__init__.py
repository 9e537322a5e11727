"""What networks say became of an SMS."""
