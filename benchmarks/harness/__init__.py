"""What measures: libraries and limits as peers, workers that take turns, the table."""
