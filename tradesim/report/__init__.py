"""What is shown: charts and tables."""
