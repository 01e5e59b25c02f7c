"""What a finished study leaves: its table, summary and pictures, and the plot data of the pictures."""
