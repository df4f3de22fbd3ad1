"""What stands between the page and everybody else: hosts, tokens, headers, sizes, a password."""
