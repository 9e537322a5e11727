"""Photos and documents on a request: checked by content, freed of where and by what they were made, encrypted, and read
only by those who may."""
