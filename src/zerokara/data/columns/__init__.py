"""Tables: what each column means, and how it becomes numbers."""
