"""The profile "général": what every product answers for, always on, and its technical variants."""
