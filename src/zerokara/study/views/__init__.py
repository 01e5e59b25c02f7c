"""What a study shows: tables, figures, and the plot data behind them."""
