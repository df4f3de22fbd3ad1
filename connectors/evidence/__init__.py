"""From what is known of a listener to one label a recording: the rules, how conflicts end, and what skips tell."""
