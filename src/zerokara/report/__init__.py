"""What a finished study leaves: tables, a summary, pictures, and the plot data of the pictures."""
