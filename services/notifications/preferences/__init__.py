"""What a person may choose: channels, language, what stays silent."""
