"""What learns and what ranks ("models" here means model code; saved rankers lie under mlruns/)."""
