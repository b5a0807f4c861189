"""What an operator types: the options and the words of each command. What a command does is imported when it runs."""
