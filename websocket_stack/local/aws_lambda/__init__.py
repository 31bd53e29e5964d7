"""Lambda: functions that other functions invoke asynchronously."""
