"""What is asked: comparisons, and how a latency is taken."""
