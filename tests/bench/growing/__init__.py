"""The figures of point after point at several sizes of the same community, in turn, so that only the rows differ."""
