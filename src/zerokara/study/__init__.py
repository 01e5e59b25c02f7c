"""The study: the search loop, its results and their views, its run folder."""
