"""Retention (保存期限): what is past its period goes by itself, and a report says what went."""
