"""Reports: what a run or a check found, for people (words on a screen) and for programs (JSON, JUnit XML)."""
