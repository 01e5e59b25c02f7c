"""What proposes trials."""
