"""Getting people into work: who looks for it, what there is, and what fits."""
