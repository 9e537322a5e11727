"""The parts of the long run: who files, what is sampled, who is restarted, and what "flat" means."""
