"""The samples that evaluate and predict take: those held out, the rows of a table, pictures in a folder."""
