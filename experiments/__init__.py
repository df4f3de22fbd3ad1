"""How models are searched, judged and recorded."""
