"""Extra questions (附加问题) that a community asks about requests of a category: which lift, since when, how many."""
