"""What a finished study leaves: tables, a summary, pictures."""
