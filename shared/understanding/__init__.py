"""What a resident's message is about: its category, urgency, place, and whose business it is. Pure: no I/O after loading.

It proposes; a person decides where it is not sure. Trained on labelled messages, on the official taxonomy, and on a
glossary of the words by which people speak of each category (`glossary.csv`, `code,terms`).
"""

from shared.understanding.classifier import Classifier, Guess, shipped
from shared.understanding.reading import Reading, Understanding

__all__ = ["Classifier", "Guess", "Reading", "Understanding", "shipped"]
