"""The board: the page of a run, live, from a server of this machine alone (extra ``board``)."""
