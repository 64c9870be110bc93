"""Pages as people see them: Chromium at one running installation."""
