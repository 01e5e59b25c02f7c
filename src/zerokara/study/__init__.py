"""The study: the search loop, its results, its run folder."""
