"""Where a study is kept: in memory, in a journal, in a database."""
